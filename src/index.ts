/**
 * The library: opens a store of buckets in this process, on one SQLite file or in memory. This is
 * the composition root, the only place that knows which engine is behind the interface.
 */
import type Database from "better-sqlite3";
import { FileBlobStore } from "./blobstore/file/blob-store.js";
import { MemoryBlobStore } from "./blobstore/memory/blob-store.js";
import { readOnlyBlobs } from "./blobstore/read-only.js";
import { MemoryEngine } from "./eventstore/memory/engine.js";
import { memoryReceivedTable } from "./eventstore/received-table.js";
import { SqliteEngine } from "./eventstore/sqlite/engine.js";
import type { Durability } from "./eventstore/store.js";
import { memoryTokenTable } from "./eventstore/token-table.js";
import { MemoryKeeper } from "./projections/memory/keeper.js";
import { MemoryView } from "./projections/memory/view.js";
import { SqliteKeeper } from "./projections/sqlite/keeper.js";
import { SqliteReadView, SqliteView } from "./projections/sqlite/view.js";
import { settledKey, storedKey } from "./secret-keys.js";
import type { EmbeddedStore } from "./service/interface.js";
import { UploadSigner } from "./service/presign.js";
import { idFactory, randomPool } from "./service/random.js";
import { Store, type StoreParts } from "./service/store.js";
import { StoredTokens } from "./service/tokens.js";
import { ephemeralKey, parseSecretKey, Vault } from "./service/vault.js";

export { type ConnectOptions, connectBuckets } from "./client/connect.js";
export type { AuditEvent } from "./domain/audit.js";
export type { PatchMediaType } from "./domain/bucket/patch.js";
export type { BucketResponse } from "./domain/bucket/response.js";
export type { Change } from "./domain/changes.js";
export { BucketsError, type ErrorCode, isBucketsError } from "./domain/errors.js";
export type { HistoryEntry } from "./domain/history.js";
export type { TaskResponse } from "./domain/task.js";
export type {
  AsOf,
  Audit,
  AuditLogResponse,
  AuditQuery,
  BucketAnswer,
  BucketDeleted,
  BucketOperation,
  BucketRead,
  BucketStore,
  Buckets,
  BucketWritten,
  Caller,
  CommitOptions,
  CreatedToken,
  EmbeddedStore,
  ExpectedHead,
  Feed,
  FeedEvent,
  FeedPage,
  FeedPageOptions,
  FeedQuery,
  HeadAnswer,
  Health,
  HistoryQuery,
  HistoryResponse,
  ListBucketsResponse,
  ListQuery,
  ListSort,
  Namespace,
  Operation,
  OperationOptions,
  OperationResult,
  PatchOptions,
  RebuildReport,
  ReplayLine,
  ReplayRange,
  ReplayReport,
  ServedCaller,
  ServedNamespace,
  ServedOperation,
  ServedWriteOptions,
  TaskAnswer,
  TaskListQuery,
  Tasks,
  TokenAnswer,
  TokenGate,
  Tokens,
  Transacted,
  TransactionOptions,
  VerifyReport,
  WriteOptions,
  Written,
} from "./service/interface.js";

export interface OpenOptions {
  /** The SQLite file, made when it is not there; `":memory:"` for a store that lives as long as the process. */
  readonly file: string;
  /** The name on events whose caller gives none. */
  readonly actor?: string;
  /** Open beside a writer, in any number of processes; every write is refused with READ_ONLY. */
  readonly readOnly?: boolean;
  /**
   * `full` (the default): what was acknowledged survives a power cut. `relaxed`: it survives the
   * end of the process; a power cut may take the last commits, never a part of one.
   */
  readonly durability?: "full" | "relaxed";
  /** 32 bytes as 64 hex digits or base64, for the secrets; else the key file `<file>.key`. */
  readonly secretKey?: string;
  /**
   * Take URLs of the own machine where payloads and configurations name some for others to fetch: for
   * development. The store itself fetches nothing.
   */
  readonly allowLoopbackUrls?: boolean;
  /** Milliseconds since the epoch; for tests. */
  readonly clock?: () => number;
  /** A new id with that prefix; for tests. */
  readonly newId?: (prefix: string) => string;
  /** For tests. */
  readonly randomBytes?: (size: number) => Uint8Array;
}

/**
 * Opens a store. Writes from many callers share commits; every promise of a write resolves only
 * once the write is durable. Close it, or hold it with `await using`.
 *
 * @throws LOCKED at once when another process writes to the file, naming it; FILE_INVALID when it
 * is not a store, or one of another version.
 *
 * @example
 * await using store = await openBuckets({ file: "buckets.db", actor: "desktop" });
 * const videos = store.namespace("default").buckets;
 * await videos.patch("product-videos", { description: "Q4" }, { reason: "launch", ifVersion: 3 });
 */
export async function openBuckets(options: OpenOptions): Promise<EmbeddedStore> {
  const clock = options.clock ?? Date.now;
  const newId = options.newId ?? idFactory(clock);
  const shared = {
    clock,
    newId,
    randomBytes: options.randomBytes ?? randomPool(),
    actor: options.actor ?? "local",
    runsTimers: options.readOnly !== true,
    fetchPolicy: { allowLoopback: options.allowLoopbackUrls === true },
  };
  return new Store(
    options.file === ":memory:" ? inMemory(options, shared) : onFile(options, shared),
  );
}

type Shared = Pick<
  StoreParts,
  "clock" | "newId" | "randomBytes" | "actor" | "runsTimers" | "fetchPolicy"
>;

function inMemory(options: OpenOptions, shared: Shared): StoreParts {
  const view = new MemoryView();
  const events = new MemoryEngine({ projection: view, clock: shared.clock });
  return {
    ...shared,
    events,
    view,
    keeper: new MemoryKeeper(events, view),
    blobs: new MemoryBlobStore(shared.clock),
    received: memoryReceivedTable(),
    ...secretsOf(options, ephemeralKey),
    tokens: new StoredTokens(memoryTokenTable(), shared.clock, shared.randomBytes),
  };
}

function onFile(options: OpenOptions, shared: Shared): StoreParts {
  const { file } = options;
  const durability: Durability = options.durability ?? "full";
  const events = new SqliteEngine({
    file,
    readOnly: options.readOnly === true,
    durability,
    clock: shared.clock,
    newId: shared.newId,
    projection: (db: Database.Database) => new SqliteView(db),
  });
  const blobs = new FileBlobStore(`${file}.blobs`, shared.clock);
  return {
    ...shared,
    events,
    view: new SqliteReadView(events.readerDb),
    keeper: new SqliteKeeper(events, file),
    blobs: options.readOnly === true ? readOnlyBlobs(blobs) : blobs,
    received: events.received,
    ...secretsOf(options, () =>
      (options.readOnly === true ? storedKey : settledKey)(file, events.secrets()[0]),
    ),
    tokens: new StoredTokens(events.tokens, shared.clock, shared.randomBytes),
  };
}

/** Both keep to the one secret key, which is asked for when it is needed first. */
function secretsOf(
  { secretKey }: OpenOptions,
  otherwise: () => Uint8Array,
): Pick<StoreParts, "vault" | "signer"> {
  let loaded: Uint8Array | undefined;
  const key = () => {
    loaded ??= secretKey === undefined ? otherwise() : parseSecretKey(secretKey, "The secret key");
    return loaded;
  };
  return { vault: new Vault(key), signer: new UploadSigner(key) };
}
