/** What a store is made of: the composition root. Which engine is behind it is in `engines/open-engine.ts`. */
import type { EmbeddedStore } from "./api/index.js";
import { FileBlobStore } from "./blobstore/file/blob-store.js";
import { MemoryBlobStore } from "./blobstore/memory/blob-store.js";
import { readOnlyBlobs } from "./blobstore/read-only.js";
import { FileBackups, noBackups } from "./copies/backup.js";
import { invariant, isBucketsError } from "./domain/errors.js";
import { type HealthCheck, passes, warns } from "./domain/health.js";
import type { OnProgress } from "./domain/reports.js";
import type { Engine, EngineOptions } from "./engines/engine.js";
import { openEngine } from "./engines/open-engine.js";
import { settledPath } from "./engines/sqlite/store-path.js";
import type { Outcome, Unit } from "./eventstore/store.js";
import type { Upgrade } from "./eventstore/upgrade.js";
import { areTimersHeld, resumeTimers } from "./held-timers.js";
import {
  checkedBytes,
  checkedClock,
  checkedIds,
  type OpenSettings,
  readOpenOptions,
} from "./open-options.js";
import { Room } from "./room.js";
import { keptKey, readerKey, withoutKey, writerKey } from "./secret-keys.js";
import { rowMacs } from "./service/keys/derived-macs.js";
import { PlaceSeal } from "./service/keys/place-seal.js";
import { UrlSigner } from "./service/keys/presign.js";
import { idFactory, randomPool } from "./service/keys/random.js";
import { ReadMacs } from "./service/keys/read-macs.js";
import { ephemeralSigningKey, fileSigningKey } from "./service/keys/signing-key.js";
import { ephemeralKey, parseSecretKey, Vault } from "./service/keys/vault.js";
import { OwnLog } from "./service/own-log.js";
import { ReadAudit, readAuditDaysDefault } from "./service/read-auditing.js";
import { fileScrubNotes } from "./service/scrub/notes.js";
import { explainFault } from "./service/storage-faults.js";
import { type OpenedTokens, Store, type StoreParts } from "./service/store.js";

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
   * Go on without the key of the secrets: nothing is sealed or opened (KEY_MISSING), so source adapters
   * and connections are off, and URLs for uploads hold until the store is closed.
   */
  readonly withoutSecrets?: boolean;
  /**
   * Under what name the log signs its checkpoints, such as `example.com/buckets`; fixed when it first
   * does. `bucketlog.local/<log_id>` unless given.
   */
  readonly origin?: string;
  /**
   * What it signs with, as tools of signed notes write keys, several of them as lines with the newest
   * first; else the file `<file>.sign`.
   */
  readonly signingKey?: string;
  /**
   * Milliseconds: a write that would wait longer for its turn is refused at once (OVERLOADED). There is
   * no bound unless given.
   */
  readonly maxQueueMs?: number;
  /**
   * Go through the log, the pages of the database and the bytes of every blob in the background, again and
   * again, at so many MiB a second: how far it is and what it found is a check of its `health()`.
   */
  readonly scrubMibPerSecond?: number;
  /** Bytes of the disk that are kept free: below, every write is refused (STORAGE_FULL). None unless given. */
  readonly minFreeBytes?: number;
  /**
   * Bytes that the uploads of one namespace may have together, those that are not confirmed yet among them:
   * beyond, bytes of uploads are refused (STORAGE_FULL). There is no bound unless given.
   */
  readonly maxUploadBytes?: number;
  /** How many days is kept who read what, while reads are audited; 90 unless given. */
  readonly readAuditDays?: number;
  /**
   * Go on with a log that ends before the end that was known of it, or is another: what is missing is
   * given up, and the log says so (`log.truncated`). Otherwise such a store is not opened.
   */
  readonly acceptTruncation?: boolean;
  /**
   * Take URLs of the own machine where payloads and configurations name some for others to fetch: for
   * development. The store itself fetches nothing.
   */
  readonly allowLoopbackUrls?: boolean;
  /**
   * Told when a file that an older version wrote was brought up to date: where its copy of before
   * lies, how large it is and how long it took. The copy is made in any case, and is nobody's to
   * remove but yours.
   */
  readonly onUpgrade?: (upgrade: Upgrade) => void;
  /** Told how many events have been folded anew for that, of how many. */
  readonly onUpgradeProgress?: OnProgress;
  /**
   * Has a store that was restored or imported go on where the one that it was made of left off, from now
   * on: it closes windows and hands out batches, which a copy does not do otherwise.
   */
  readonly resumeTimers?: boolean;
  /**
   * Refuse unknown and read-only fields (VALIDATION_FAILED) instead of ignoring them, unless a write says
   * `strict: false`.
   */
  readonly strict?: boolean;
  /** Milliseconds since the epoch; for tests. */
  readonly clock?: () => number;
  /** A new id with that prefix; for tests. */
  readonly newId?: (prefix: string) => string;
  /** For tests. */
  readonly randomBytes?: (size: number) => Uint8Array;
}

/**
 * The store that the options ask for.
 * @throws what `openBuckets` does.
 */
export async function openStore(given: OpenOptions): Promise<EmbeddedStore> {
  const options = readOpenOptions(given);
  const clock = options.clock === undefined ? Date.now : checkedClock(options.clock);
  const newId = options.newId === undefined ? idFactory(clock) : checkedIds(options.newId);
  const shared = {
    clock,
    newId,
    randomBytes:
      options.randomBytes === undefined ? randomPool() : checkedBytes(options.randomBytes),
    actor: options.actor ?? "local",
    fetchPolicy: { allowLoopback: options.allowLoopbackUrls === true },
    origin: options.origin,
    maxQueueMs: options.maxQueueMs,
    maxUploadBytes: options.maxUploadBytes,
    isStrict: options.strict === true,
    days: options.readAuditDays ?? readAuditDaysDefault,
  };
  if (options.file === ":memory:") return new Store(await inMemory(options, shared));
  const parts = await onFile(options, shared);
  const store = new Store(parts);
  const isDue = parts.tokens.kept.some(({ isUnrecorded }) => isUnrecorded);
  if (isDue && options.readOnly !== true) await recordTokens(store);
  return store;
}

/** What cannot be recorded now is when it is opened next: until then its tokens open it all the same. */
async function recordTokens(store: EmbeddedStore): Promise<void> {
  try {
    await store.tokens.recordKept();
  } catch (error) {
    if (isBucketsError(error) && ["TAMPERED", "STORAGE_FULL"].includes(error.code)) return;
    await store.close().catch(() => {});
    throw error;
  }
}

type Shared = Pick<
  StoreParts,
  | "clock"
  | "newId"
  | "randomBytes"
  | "actor"
  | "fetchPolicy"
  | "origin"
  | "maxQueueMs"
  | "maxUploadBytes"
  | "isStrict"
> & {
  /** How long reads are told of. */
  readonly days: number;
};

async function inMemory(options: OpenSettings, shared: Shared): Promise<StoreParts> {
  const engine = await openEngine(engineOptions(options, shared));
  return {
    ...shared,
    ...engine,
    runsTimers: true,
    holdsTimers: false,
    blobs: new MemoryBlobStore(shared.clock),
    key: () => passes("key", "in memory"),
    signingKey: ephemeralSigningKey(options.signingKey),
    ...(await withReadAudit(
      engine,
      options,
      shared,
      secretsOf(() => inMemoryKey(options)),
    )),
    tokens: await tokensOf(engine),
    backups: noBackups,
  };
}

async function onFile(given: OpenSettings, shared: Shared): Promise<StoreParts> {
  // Once, before the lock, the blobs and the keys get their places beside it.
  const options = { ...given, file: settledPath(given.file) };
  const { file } = options;
  const chosen = engineOptions(options, shared);
  const engine = await openEngine(chosen);
  try {
    await recordTruncation(engine, shared);
    const blobs = new FileBlobStore(`${file}.blobs`, shared.clock, chosen.room);
    const holdsTimers = await heldTimers(engine, options);
    return {
      ...shared,
      ...engine,
      runsTimers: options.readOnly !== true && !holdsTimers,
      holdsTimers,
      blobs: options.readOnly === true ? readOnlyBlobs(blobs) : blobs,
      key: () => checkKey(options),
      signingKey: fileSigningKey(file, options.signingKey),
      ...(await withReadAudit(engine, options, shared, await secretsOnFile(engine, options))),
      tokens: await tokensOf(engine),
      scrub: scrubOf(options),
      backups: new FileBackups({
        file,
        clock: shared.clock,
        secretKey: () => keptKey(engine.secrets, options),
      }),
    };
  } catch (error) {
    // That it cannot be closed either is of the same cause, which is to be told.
    await engine.events.close().catch(() => {});
    throw explainFault(error);
  }
}

/** What holds none of the past yet has nothing to hold back, whatever was in its place before. */
async function heldTimers({ events }: Engine, options: OpenSettings): Promise<boolean> {
  const { file, readOnly, resumeTimers: isResumed } = options;
  if (readOnly !== true) {
    if (isResumed === true || (await events.head()).position === 0) resumeTimers(file);
  }
  return areTimersHeld(file);
}

/** One that only reads leaves it to the one that writes. */
function scrubOf({ file, readOnly, scrubMibPerSecond: rate }: OpenSettings): StoreParts["scrub"] {
  if (readOnly === true || rate === undefined) return undefined;
  return { notes: fileScrubNotes(file), bytesPerSecond: rate * 1024 * 1024 };
}

function engineOptions(options: OpenSettings, { clock, newId }: Shared): EngineOptions {
  const { file, readOnly = false, durability = "full", acceptTruncation } = options;
  const { onUpgrade, onUpgradeProgress } = options;
  return {
    file,
    room: new Room({ file, minFreeBytes: options.minFreeBytes }),
    readOnly,
    durability,
    clock,
    newId,
    acceptTruncation,
    onUpgrade,
    onUpgradeProgress,
  };
}

/** Before anything else is written to it. */
async function recordTruncation({ events, tree, truncation }: Engine, shared: Shared) {
  if (truncation === undefined) return;
  const submit = async (unit: Unit): Promise<Outcome> => {
    const [outcome] = await events.commit([unit]);
    invariant(outcome !== undefined, "a unit without outcome");
    return outcome;
  };
  const log = new OwnLog({ ...shared, events, tree, submit });
  const command = { type: "truncate_log", truncation: truncation.missing } as const;
  await log.record(command, "the truncation was accepted");
  await truncation.settle();
}

async function tokensOf({ tokens: table }: Engine): Promise<OpenedTokens> {
  return { table, kept: await table.all() };
}

type Secrets = Pick<StoreParts, "vault" | "signer" | "placeSeal" | "rowMacs"> & {
  readonly macs: ReadMacs;
};

async function withReadAudit(
  { reads, events }: Engine,
  { readOnly: isReadOnly = false }: OpenSettings,
  { clock, newId, days }: Shared,
  { macs, ...secrets }: Secrets,
): Promise<Pick<StoreParts, "vault" | "signer" | "placeSeal" | "rowMacs" | "readAudit">> {
  const { vault } = secrets;
  const parts = { reads, macs, events, vault, clock, newId, isReadOnly, days };
  return { ...secrets, readAudit: await ReadAudit.open(parts) };
}

/** @throws what `writerKey` does. */
async function secretsOnFile({ secrets, seals }: Engine, options: OpenSettings): Promise<Secrets> {
  const isReadOnly = options.readOnly === true;
  if (options.withoutSecrets === true) {
    if (!isReadOnly) await seals.unseal();
    const key = once(ephemeralKey);
    return {
      ...secretsOf(withoutKey),
      signer: new UrlSigner(key),
      placeSeal: new PlaceSeal(key),
    };
  }
  const found = secretsOf(await (isReadOnly ? readerKey : writerKey)(secrets, options));
  if (!isReadOnly) await seals.sealWith(found.rowMacs);
  return found;
}

function checkKey({ secretKey, withoutSecrets }: OpenSettings): HealthCheck {
  if (withoutSecrets === true) {
    return warns("key", "opened without its secrets: source adapters and connections are off");
  }
  return passes("key", secretKey === undefined ? "in its file, once it is needed" : "configured");
}

function inMemoryKey({ secretKey }: OpenSettings): Uint8Array {
  return secretKey === undefined ? ephemeralKey() : parseSecretKey(secretKey, "The secret key");
}

/** All keep to the one secret key, which is asked for when it is needed first. */
function secretsOf(load: () => Uint8Array): Secrets {
  const key = once(load);
  return {
    vault: new Vault(key),
    signer: new UrlSigner(key),
    placeSeal: new PlaceSeal(orOwnKey(key)),
    macs: new ReadMacs(key),
    rowMacs: rowMacs(key),
  };
}

/** One that reads beside a store whose key was never made seals with one of its own. */
function orOwnKey(load: () => Uint8Array): () => Uint8Array {
  return once(() => {
    try {
      return load();
    } catch (error) {
      if (!isBucketsError(error) || error.code !== "KEY_MISSING") throw error;
      return ephemeralKey();
    }
  });
}

function once<T>(load: () => T): () => T {
  let loaded: { readonly value: T } | undefined;
  return () => {
    loaded ??= { value: load() };
    return loaded.value;
  };
}
