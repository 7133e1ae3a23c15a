/** Verifying a store, whatever engine holds it: the log by its chain, the view by folding the log. */
import { isUnreadable } from "../domain/history.js";
import type {
  ExpectedHead,
  Fault,
  OnProgress,
  ReplayReport,
  VerifyReport,
} from "../domain/reports.js";
import { applied } from "../domain/resource.js";
import { problemOf, read, toHex, withoutMeta } from "../eventstore/codec.js";
import type { StoredEvent } from "../eventstore/frame.js";
import type { InlineProjection } from "../eventstore/projection.js";
import type { Head } from "../eventstore/store.js";
import { type KeptTree, type KnownRoot, TreeCheck } from "../eventstore/tree-check.js";
import { ChainCheck } from "../eventstore/verify.js";
import { nextTurn } from "./view.js";

/** The view that a log is folded into. */
export type FoldedInto = Pick<InlineProjection, "loadState" | "apply">;

/** One consistent state of a store, and an empty view to fold its log into. */
export interface VerifySource {
  readonly head: Head;
  logAfter(position: number, limit: number): Promise<readonly StoredEvent[]>;
  readonly folded: FoldedInto;
  /** What was kept and signed of the tree over the log. */
  readonly tree: KeptTree;
  /**
   * The difference between the live view and the folded one that has the lowest position; that of
   * a row which no event made is 0.
   */
  firstDifference(): Promise<Fault | undefined>;
  /** What is wrong with how it is stored, whatever is stored. */
  structure(): Promise<Fault | undefined>;
  /** The fault that an error of reading stands for; undefined for one that stands for none. */
  explain(error: unknown, position: number): Fault | undefined;
}

/** How many events are worked on before requests are let through. */
export const sliceEvents = 500;

/**
 * Folds the next rows of the log into a view.
 * @returns the events that cannot be read, or cannot have happened. They are passed over, but for what
 * is unreadable about them alone, such as who did it.
 */
export function foldInto(view: FoldedInto, rows: readonly StoredEvent[]): Fault[] {
  const faults: Fault[] = [];
  for (const row of rows) {
    const recorded = read(row);
    if (isUnreadable(recorded)) {
      faults.push({
        position: row.position,
        problem: `the event cannot be read: ${recorded.problem}`,
      });
    }
    try {
      const event = isUnreadable(recorded) ? withoutMeta(row) : recorded;
      view.apply([applied(view.loadState(event.stream), event)]);
    } catch (error) {
      if (isUnreadable(recorded)) continue;
      const problem = `the event cannot have happened: ${problemOf(error)}`;
      faults.push({ position: row.position, problem });
    }
  }
  return faults;
}

export async function verify(
  source: VerifySource,
  expected: ExpectedHead | undefined,
  onProgress: OnProgress,
  root?: KnownRoot,
): Promise<VerifyReport> {
  const chain = new ChainCheck();
  const { tiles, checkpoints } = source.tree;
  const tree = new TreeCheck(tiles, [...checkpoints, ...(root === undefined ? [] : [root])]);
  const unreadable: Fault[] = [];
  const check = (row: StoredEvent) => {
    const fault =
      chain.next(row) ?? differsFrom(expected, row) ?? at(row.position, tree.next(row.hash));
    if (fault === undefined) unreadable.push(...foldInto(source.folded, [row]));
    return fault;
  };
  const found =
    (await checkLog(source, check, onProgress)) ??
    chain.end(source.head) ??
    expectedBeyond(chain, expected) ??
    at(chain.position + 1, tree.end()) ??
    (await source.structure()) ??
    (await viewFault(source));
  const fault = unreadable[0] ?? found;
  const head = { position: chain.position, hash: chain.hash };
  return {
    ok: fault === undefined,
    events: chain.position,
    head,
    tree: { root: tree.root, checkpoints: checkpoints.length },
    ...(fault && { fault }),
    ...(unreadable.length > 0 && { unreadable }),
  };
}

/** The part of `verify` that is about the view: folds the log from zero, and leaves the chain alone. */
export async function replay(source: VerifySource, onProgress: OnProgress): Promise<ReplayReport> {
  let replayed = 0;
  const unreadable: Fault[] = [];
  const check = (row: StoredEvent): Fault | undefined => {
    const position = replayed + 1;
    if (row.position !== position) return { position, problem: "the log has a gap here" };
    replayed = position;
    unreadable.push(...foldInto(source.folded, [row]));
    return undefined;
  };
  const found = (await checkLog(source, check, onProgress)) ?? (await viewFault(source));
  const fault = unreadable[0] ?? found;
  return {
    replayed,
    matches_view: found === undefined,
    ...(fault && { fault }),
    ...(unreadable.length > 0 && { unreadable }),
  };
}

/** The first difference, or what keeps it from being found. @throws what stands for no fault */
async function viewFault(source: VerifySource): Promise<Fault | undefined> {
  try {
    return await source.firstDifference();
  } catch (error) {
    const fault = source.explain(error, 0);
    if (fault === undefined) throw error;
    return fault;
  }
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
      const position = after + 1;
      const told = error instanceof Error ? error.message : String(error);
      const why = source.explain(error, position)?.problem ?? told;
      return { position, problem: `the row cannot be read: ${why}` };
    }
  }
}

function at(position: number, problem: string | undefined): Fault | undefined {
  return problem === undefined ? undefined : { position, problem };
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
