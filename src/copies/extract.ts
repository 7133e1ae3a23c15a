/**
 * A moment of a store as a plain SQLite file, for who asks with other tools than ours: what there was
 * then, and every change up to then. It is read in slices beside whatever is written, so that its cost
 * in memory does not grow with the log; the file gets its name last, and never takes the place of another.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { ExtractReport } from "../api/extracts.js";
import { BucketsError, invariant } from "../domain/errors.js";
import { isJsonObject, ownValue } from "../domain/json.js";
import type { OnProgress } from "../domain/reports.js";
import { isDeleted, type ResourceState, stateOfKind } from "../domain/resource.js";
import { syncFile, syncFolderOf } from "../durable-file.js";
import { isDiskFull } from "../engines/sqlite/faults.js";
import { toHex } from "../eventstore/codec.js";
import { type StoredEvent, zeroHash } from "../eventstore/frame.js";
import type { LogIdentity } from "../eventstore/log-tree.js";
import type { EventStore } from "../eventstore/store.js";
import { ChainCheck } from "../eventstore/verify.js";
import { packageVersion } from "../package-folder.js";
import { nextTurn } from "../projections/view.js";
import { unsound } from "./export-log.js";
import { FieldColumns } from "./extract-columns.js";
import { ExtractFile } from "./extract-file.js";
import { begunBy, ChangeRows, MemberRows } from "./extract-rows.js";
import * as tables from "./extract-tables.js";
import { assertFree } from "./new-database.js";
import { partialOf, removeAbandoned } from "./partials.js";

/** What is extracted: a log up to a position. */
export interface ExtractSource {
  readonly events: Pick<EventStore, "readLog" | "statesAt">;
  readonly identity: LogIdentity;
  /** 0 of an empty log. */
  readonly position: number;
  /** The moment that it is of, milliseconds. */
  readonly at: number;
  readonly takenAt: number;
  /** Undefined for all. */
  readonly namespace: string | undefined;
  /** Every bucket that there ever was in it. */
  readonly bucketIds: readonly string[];
  readonly onProgress: OnProgress;
}

const sliceEvents = 500;
const sliceStates = 50;

/**
 * @param to a file that is not there yet.
 * @throws ALREADY_EXISTS; BAD_REQUEST without a folder for it; STORAGE_FULL; NOT_FOUND when the
 * namespace had nothing by then; PROOF_INVALID for a log that does not hold. Nothing is left behind then.
 */
export async function extractStore(to: string, source: ExtractSource): Promise<ExtractReport> {
  const file = resolve(to);
  assertFree(file, "an extract");
  if (!existsSync(dirname(file))) {
    throw new BucketsError("BAD_REQUEST", `There is no folder for ${file}: make it first.`, {
      file,
    });
  }
  removeAbandoned(dirname(file), source.takenAt, (name) => name === basename(file));
  const partial = partialOf(file);
  try {
    writeFileSync(partial, "", { mode: 0o600, flag: "wx" });
    const report = await writeInto(partial, source);
    syncFile(partial);
    assertFree(file, "an extract");
    renameSync(partial, file);
    syncFolderOf(file);
    return { file, ...report };
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    throw new BucketsError("STORAGE_FULL", `There is no room for ${file}.`, { file }, error);
  } finally {
    rmSync(partial, { force: true });
  }
}

type Extracted = Omit<ExtractReport, "file">;

async function writeInto(partial: string, source: ExtractSource): Promise<Extracted> {
  const file = new ExtractFile(partial);
  try {
    const buckets = await writeBuckets(file, source);
    const { hash, recordedAt, ...counts } = await writeLog(file, source, buckets);
    const { identity, position, namespace, takenAt } = source;
    file.table(tables.about).add({
      ...identity,
      position,
      hash: toHex(hash),
      recordedAt,
      namespace,
      takenAt,
      bucketlog: packageVersion(),
    });
    file.index();
    return {
      log_id: identity.logId,
      position,
      hash: toHex(hash),
      buckets: buckets.there.size,
      ...counts,
    };
  } finally {
    file.close();
  }
}

interface Buckets {
  /** The ids of those that were not deleted. */
  readonly there: ReadonlySet<string>;
  /** What their schemas describe. */
  readonly fields: FieldColumns;
}

/** First of all, because the columns of the objects are made of their schemas. */
async function writeBuckets(file: ExtractFile, source: ExtractSource): Promise<Buckets> {
  const rows = file.table(tables.buckets);
  const there = new Set<string>();
  const fields = new FieldColumns();
  await eachState(source, source.bucketIds, (states) =>
    file.inOne(() => {
      for (const state of states) {
        const bucket = stateOfKind("bucket", state);
        rows.add(bucket);
        there.add(bucket.bucket_id);
        const schema = ownValue(bucket.document, "bucket_schema");
        if (isJsonObject(schema)) fields.add(schema);
      }
    }),
  );
  return { there, fields };
}

/** Hands over, slice by slice, what there was of these then. */
async function eachState(
  { events, position }: ExtractSource,
  ids: readonly string[],
  take: (states: readonly ResourceState[]) => void,
): Promise<void> {
  for (let start = 0; start < ids.length; start += sliceStates) {
    const slice = ids.slice(start, start + sliceStates);
    const states = await events.statesAt(slice, { kind: "position", position });
    take(states.filter((state) => !isDeleted(state)));
    await nextTurn();
  }
}

/** One pass: the changes of each event, and of what begins with one, what became of it. */
async function writeLog(file: ExtractFile, source: ExtractSource, { there, fields }: Buckets) {
  const { position, namespace, onProgress } = source;
  const members = new MemberRows(file, source.at, fields);
  const changes = new ChangeRows(file);
  const chain = new ChainCheck();
  let last: StoredEvent | undefined;
  let found = 0;
  for (let done = 0; done < position; done = last.position) {
    const rows = await source.events.readLog(done, Math.min(sliceEvents, position - done));
    last = rows.at(-1);
    invariant(last !== undefined, `the log has lost position ${done + 1}`);
    for (const row of rows) {
      const fault = chain.next(row);
      if (fault !== undefined) throw unsound(fault.position, fault.problem);
    }
    const own = rows.filter((row) => namespace === undefined || row.namespace === namespace);
    found += own.length;
    file.inOne(() => own.forEach(changes.add));
    await eachState(source, begunBy(own), (states) =>
      file.inOne(() => {
        for (const state of states) if (there.has(bucketOf(state))) members.add(state);
      }),
    );
    onProgress({ done: last.position, total: position });
  }
  if (namespace !== undefined && found === 0) throw nothingIn(namespace);
  return {
    ...members.counts,
    ...changes.counts,
    hash: last?.hash ?? zeroHash,
    recordedAt: last?.recordedAt,
  };
}

const bucketOf = (state: ResourceState): string => ("bucket_id" in state ? state.bucket_id : "");

function nothingIn(namespace: string): BucketsError {
  return new BucketsError(
    "NOT_FOUND",
    `There is nothing in the namespace "${namespace}" up to then: name another, or leave it out.`,
    { resource: "namespace", identifier: namespace },
  );
}
