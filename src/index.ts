/**
 * The library: opens a store of buckets in this process, on one SQLite file or in memory. What a
 * store is made of is in `open.ts`, which is loaded only where it can run.
 */

import type * as served from "./api/index.js";
import type {
  BucketStore,
  ImportLogOptions,
  ImportLogReport,
  ImportOptions,
  ImportReport,
  RestoreOptions,
  RestoreReport,
} from "./api/index.js";
import type { OpenOptions } from "./open.js";
import { assertRuntime } from "./runtime.js";

export type {
  BackupOptions,
  BackupProgress,
  ImportLogOptions,
  ImportLogReport,
  ImportOptions,
  ImportReport,
  RestoreOptions,
  RestoreReport,
  ServedCaller,
  ServedWriteOptions,
} from "./api/index.js";
export type * from "./api/names.js";
export { type ConnectOptions, connectBuckets } from "./client/connect.js";
export type { AuditEvent } from "./domain/audit-event.js";
export type { BucketResponse } from "./domain/bucket/response.js";
export type { Change } from "./domain/change.js";
export { BucketsError, type ErrorCode, isBucketsError } from "./domain/errors.js";
export type { UnreadableEvent } from "./domain/history.js";
export type { HistoryEntry } from "./domain/history-entry.js";
export type { PatchMediaType } from "./domain/patch-media-type.js";
export type { TaskResponse } from "./domain/task.js";
export type { OpenOptions } from "./open.js";

/** A store in this process: what a server can be built on. */
export type EmbeddedStore<Sent = never> = served.EmbeddedStore<Sent>;
/** A namespace in this process: its writes also as data, with all that HTTP says of them. */
export type ServedNamespace<Sent = never> = served.ServedNamespace<Sent>;
export type ServedOperation<Sent = never> = served.ServedOperation<Sent>;
/** The tokens as a server needs them, which has to know who comes. */
export type TokenGate<Sent = never> = served.TokenGate<Sent>;
/** The writes to each kind of resource, as data. */
export type BucketOperation<Sent = never> = served.BucketOperation<Sent>;
export type ObjectOperation<Sent = never> = served.ObjectOperation<Sent>;
export type BatchOperation<Sent = never> = served.BatchOperation<Sent>;
export type UploadOperation<Sent = never> = served.UploadOperation<Sent>;
export type SyncOperation<Sent = never> = served.SyncOperation<Sent>;
export type ConnectionOperation<Sent = never> = served.ConnectionOperation<Sent>;

/**
 * Opens a store. Writes from many callers share commits; every promise of a write resolves only
 * once the write is durable. Close it, or hold it with `await using` (in
 * TypeScript, and in Node 24 and newer).
 *
 * What is sent is typed. `openBuckets<unknown>` is for a program that passes on what others send, and
 * leaves it to the store to look at it.
 *
 * @throws LOCKED at once when another process writes to the file, naming it; FILE_INVALID when it
 * is not a store, or one of another version; RUNTIME_UNSUPPORTED on a Node before 22.12, and where
 * the native binding of SQLite does not load.
 *
 * @example
 * const store = await openBuckets({ file: "buckets.db", actor: "desktop" });
 * try {
 *   const videos = store.namespace("default").buckets;
 *   await videos.patch("product-videos", { description: "Q4" }, { reason: "launch", ifVersion: 3 });
 * } finally {
 *   await store.close();
 * }
 */
export async function openBuckets<Sent = never>(
  options: OpenOptions,
): Promise<EmbeddedStore<Sent>> {
  assertRuntime();
  const { openStore } = await import("./open.js");
  return await openStore(options);
}

/**
 * Makes a store of a backup, in a new file: everything is checked before anything is written, and again
 * in what was written. Nothing has the name of the file when it throws.
 *
 * @param from the folder of the backup.
 * @throws ALREADY_EXISTS when the file, or a WAL of another, is there; LOCKED while a process holds it;
 * PROOF_INVALID when the backup was not signed so; COPY_INVALID when it is damaged; NOT_FOUND for a
 * moment that is not in it.
 *
 * @example
 * await store.backup("backups/monday");
 * const { position } = await restoreBackup("backups/monday", "restored.db");
 */
export async function restoreBackup(
  from: string,
  file: string,
  options: RestoreOptions = {},
): Promise<RestoreReport> {
  assertRuntime();
  const { restoreBackup } = await import("./copies/restore.js");
  return restoreBackup(from, file, options);
}

/**
 * Makes a store of an exported log, in a new file: the same positions, hashes and states. Each line is
 * checked before it is written; nothing has the name of the file when it throws. Bytes of blobs are
 * not in it: copy `<file>.blobs` beside.
 *
 * @param from what `store.exportLog()` gave, in a file; compressed with gzip or not.
 * @throws ALREADY_EXISTS when the file is there; LOCKED while a process holds it; PROOF_INVALID, with
 * the line and the position, for what was altered or cut off.
 *
 * @example
 * await writeFile("log.ndjson", store.exportLog());
 * const { position } = await importLog("log.ndjson", "copy.db", { keys: [key] });
 */
export async function importLog(
  from: string,
  file: string,
  options: ImportLogOptions = {},
): Promise<ImportLogReport> {
  assertRuntime();
  const { importLog } = await import("./copies/import-log.js");
  return importLog(from, file, options);
}

/**
 * Makes the changes of a file in a store, as ordinary writes: those of a history that `bucketlog
 * export` wrote, or of a seed, whose lines are commands. Each line is durable before the next begins.
 *
 * @param to a file to open: it is nobody else's meanwhile, and what happens has the times and the ids
 * of the lines, as far as the end of its log is not later. Or a store that is open, also one behind a
 * server: it happens there now, under ids of its own, and a repetition goes on where it stopped.
 * @throws with the line: what the store refuses it with; BAD_REQUEST for what is no line of either. What
 * is before it stays.
 *
 * @example
 * const { changes } = await importChanges("history.ndjson", { file: "copy.db" });
 */
export async function importChanges(
  from: string,
  to: BucketStore | OpenOptions,
  options: ImportOptions = {},
): Promise<ImportReport> {
  assertRuntime();
  const { importChanges } = await import("./import-changes.js");
  return importChanges(from, to, options);
}
