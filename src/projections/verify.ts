/** Verifying a store, whatever engine holds it: the log by its chain, the view by folding the log. */
import { evolve } from "../domain/bucket/state.js";
import { decode, toHex } from "../eventstore/codec.js";
import type { StoredEvent } from "../eventstore/frame.js";
import type { InlineProjection } from "../eventstore/projection.js";
import type { Head } from "../eventstore/store.js";
import { ChainCheck, type Fault } from "../eventstore/verify.js";
import {
  type ExpectedHead,
  nextTurn,
  type OnProgress,
  type ReplayReport,
  type VerifyReport,
} from "./view.js";

/** One consistent state of a store, and an empty view to fold its log into. */
export interface VerifySource {
  readonly head: Head;
  logAfter(position: number, limit: number): Promise<readonly StoredEvent[]>;
  readonly folded: InlineProjection;
  /**
   * The difference between the live view and the folded one that has the lowest position; that of
   * a row which no event made is 0.
   */
  firstDifference(): Promise<Fault | undefined>;
}

/** How many events are worked on before requests are let through. */
export const sliceEvents = 500;

/** Folds rows of the log into a view. */
export function foldInto(view: InlineProjection, rows: readonly StoredEvent[]): void {
  for (const row of rows) {
    const recorded = decode(row);
    const before = view.loadState(recorded.stream);
    view.apply([{ recorded, before, after: evolve(before, recorded) }]);
  }
}

export async function verify(
  source: VerifySource,
  expected: ExpectedHead | undefined,
  onProgress: OnProgress,
): Promise<VerifyReport> {
  const chain = new ChainCheck();
  const check = (row: StoredEvent) =>
    chain.next(row) ?? differsFrom(expected, row) ?? fold(source.folded, row);
  const fault =
    (await checkLog(source, check, onProgress)) ??
    chain.end(source.head) ??
    expectedBeyond(chain, expected) ??
    (await source.firstDifference());
  const head = { position: chain.position, hash: chain.hash };
  return { ok: fault === undefined, events: chain.position, head, ...(fault && { fault }) };
}

/** The part of `verify` that is about the view: folds the log from zero, and leaves the chain alone. */
export async function replay(source: VerifySource, onProgress: OnProgress): Promise<ReplayReport> {
  let replayed = 0;
  const check = (row: StoredEvent): Fault | undefined => {
    const position = replayed + 1;
    if (row.position !== position) return { position, problem: "the log has a gap here" };
    replayed = position;
    return fold(source.folded, row);
  };
  const fault = (await checkLog(source, check, onProgress)) ?? (await source.firstDifference());
  return { replayed, matches_view: fault === undefined, ...(fault && { fault }) };
}

/** Hands every row of the log to `check`, up to the first fault. */
async function checkLog(
  source: VerifySource,
  check: (row: StoredEvent) => Fault | undefined,
  onProgress: OnProgress,
): Promise<Fault | undefined> {
  for (let done = 0; ; ) {
    const rows = await readSlice(source, done);
    if ("problem" in rows) return rows;
    for (const row of rows) {
      const fault = check(row);
      if (fault !== undefined) return fault;
      done = row.position;
    }
    onProgress({ done, total: Math.max(source.head.position, done) });
    if (rows.length === 0) return undefined;
    await nextTurn();
  }
}

/** A slice of rows; where one cannot even be read, the rows before it, then the fault itself. */
async function readSlice(
  source: VerifySource,
  after: number,
): Promise<readonly StoredEvent[] | Fault> {
  try {
    return await source.logAfter(after, sliceEvents);
  } catch {
    try {
      return await source.logAfter(after, 1);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { position: after + 1, problem: `the row cannot be read: ${why}` };
    }
  }
}

/** A log that was forged with all its hashes may still tell what cannot have happened. */
function fold(view: InlineProjection, row: StoredEvent): Fault | undefined {
  try {
    foldInto(view, [row]);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { position: row.position, problem: `the event cannot have happened: ${why}` };
  }
}

function differsFrom(expected: ExpectedHead | undefined, row: StoredEvent): Fault | undefined {
  if (expected?.position !== row.position || expected.hash === toHex(row.hash)) return undefined;
  return { position: row.position, problem: `the hash is not the expected ${expected.hash}` };
}

function expectedBeyond(chain: ChainCheck, expected: ExpectedHead | undefined): Fault | undefined {
  if (expected === undefined || expected.position <= chain.position) return undefined;
  const problem = `the log was cut off: position ${expected.position} is expected`;
  return { position: chain.position + 1, problem };
}
