/** The whole log as lines that another store, or a program that is none, can check and read. */
import { BucketsError } from "../domain/errors.js";
import type { OnProgress } from "../domain/reports.js";
import { toHex } from "../eventstore/codec.js";
import type { StoredEvent } from "../eventstore/frame.js";
import type { LogIdentity, SignedCheckpoint } from "../eventstore/log-tree.js";
import type { EventStore, IdempotencyRow } from "../eventstore/store.js";
import { GrowingTree, leafHash } from "../eventstore/tree.js";
import { ChainCheck } from "../eventstore/verify.js";
import { encodeCheckpointLine, encodeHeader, encodeKeyLine, encodeRowLine } from "./log-lines.js";

/** What is exported: the log up to a checkpoint, which ends the file. */
export interface LogExport {
  readonly events: Pick<EventStore, "readLog" | "answeredKeys">;
  readonly identity: LogIdentity & { readonly origin: string };
  readonly checkpoint: SignedCheckpoint;
  readonly onProgress: OnProgress;
}

const sliceEvents = 500;

/**
 * The lines of the file, checked as they are read: what is exported holds.
 * @throws PROOF_INVALID where the log does not, before the line of that event.
 */
export async function* exportLog(log: LogExport): AsyncIterable<string> {
  const { events, identity, checkpoint, onProgress } = log;
  const { size, root, note } = checkpoint;
  const chain = new ChainCheck();
  const tree = new GrowingTree();
  yield encodeHeader({ origin: identity.origin, log_id: identity.logId, last: size });
  while (chain.position < size) {
    const rows = await events.readLog(chain.position, Math.min(sliceEvents, size - chain.position));
    if (rows.length === 0) throw unsound(chain.position + 1, "the log ends before it");
    const keys = await keysOf(events, rows);
    for (const row of rows) {
      const fault = chain.next(row);
      if (fault !== undefined) throw unsound(fault.position, fault.problem);
      tree.add(leafHash(row.hash));
      yield lineOf(row);
      for (const answered of keys.get(row.position) ?? []) {
        yield encodeKeyLine({ position: row.position, answered });
      }
    }
    onProgress({ done: chain.position, total: size });
  }
  if (toHex(tree.root()) !== toHex(root)) throw unsound(size, "another root was signed there");
  yield encodeCheckpointLine(note);
}

/** By the last event of each, in an order that is always the same. */
async function keysOf(
  events: LogExport["events"],
  rows: readonly StoredEvent[],
): Promise<ReadonlyMap<number, readonly IdempotencyRow[]>> {
  const [first, last] = [rows[0], rows.at(-1)];
  const byPosition = new Map<number, IdempotencyRow[]>();
  if (first === undefined || last === undefined) return byPosition;
  for (const answered of await events.answeredKeys(first.recordedAt, last.recordedAt)) {
    const position = Math.max(...answered.results.map((placement) => placement.position));
    const there = byPosition.get(position);
    if (there === undefined) byPosition.set(position, [answered]);
    else there.push(answered);
  }
  return byPosition;
}

function lineOf(row: StoredEvent): string {
  try {
    return encodeRowLine(row);
  } catch (error) {
    throw unsound(row.position, `its text is no UTF-8 (${String(error)})`);
  }
}

/** The refusal of a log that does not hold. */
export function unsound(position: number, problem: string): BucketsError {
  return new BucketsError(
    "PROOF_INVALID",
    `The log is not sound at position ${position}: ${problem}. Verify it; what was altered is not exported.`,
    { position },
  );
}
