/**
 * SQLite connections with every setting that we rely on said out loud, and asserted: better-sqlite3
 * is compiled so that WAL silently means synchronous=NORMAL, which loses acknowledged writes on
 * power loss.
 */
import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import { z } from "zod";
import { BucketsError, invariant } from "../../domain/errors.js";
import type { Durability } from "../../domain/health.js";
import { loadSqlite } from "./binding.js";
import { lacksIndex } from "./faults.js";
import { makePrivate } from "./private-file.js";
import { settledCopy } from "./settled-copy.js";

/** "bkt1": marks the file as ours in its header. */
export const applicationId = 0x626b7431;

/** 8,000 pages of 4 KiB: 1.4 times the throughput of the default, and a WAL of about 32 MiB. */
const walAutocheckpointPages = 8_000;
const journalSizeLimitBytes = 64 * 1024 * 1024;
/** While a file is opened; from then on nobody waits for a lock and keeps others from their turn. */
const openTimeoutMs = 1_000;

const synchronous = { full: 2, relaxed: 1, none: 0 } as const satisfies Record<Durability, number>;

/** The one connection that writes. */
export function openWriter(file: string, durability: Durability): Database.Database {
  makePrivate(file);
  const db = open(() => new Database(file, { timeout: openTimeoutMs }), file);
  try {
    assertOurs(db, file);
    // Of a new file: pages that are free can be given back without copying the rest.
    db.pragma("auto_vacuum = INCREMENTAL");
    db.pragma("journal_mode = WAL");
    db.pragma(`synchronous = ${synchronous[durability]}`);
    db.pragma(`wal_autocheckpoint = ${walAutocheckpointPages}`);
    db.pragma(`journal_size_limit = ${journalSizeLimitBytes}`);
    db.pragma("secure_delete = ON");
    applyCommon(db);
    invariant(db.pragma("journal_mode", { simple: true }) === "wal", `${file} is not in WAL mode`);
    assertDurability(db, durability);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * A connection that only reads. Where nothing may be written beside the file, and nothing waits in a
 * WAL, it reads a copy in memory.
 */
export function openReader(file: string): Database.Database {
  assertThere(file);
  const options = { readonly: true, fileMustExist: true, timeout: openTimeoutMs };
  try {
    return prepareReader(
      open(() => new Database(file, options), file),
      file,
    );
  } catch (error) {
    const copy = lacksIndex(error) ? settledCopy(file) : undefined;
    if (copy === undefined) throw error;
    return prepareReader(
      open(() => new Database(copy, { readonly: true }), file),
      file,
    );
  }
}

function prepareReader(db: Database.Database, file: string): Database.Database {
  try {
    assertOurs(db, file);
    db.pragma("query_only = ON");
    applyCommon(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Copies the whole WAL into the database, syncs it, and empties the WAL. Does not wait for readers:
 * false when one is in the way.
 */
export function emptyWal(db: Database.Database): boolean {
  const timeout = db.pragma("busy_timeout", { simple: true });
  waitForNobody(db);
  const isBusy = db.pragma("wal_checkpoint(TRUNCATE)", { simple: true });
  db.pragma(`busy_timeout = ${timeout}`);
  return isBusy === 0;
}

/**
 * Copies what it can of the WAL into the database and syncs that, without waiting for readers and
 * writers. @returns whether that was all of it.
 */
export function copyWal(db: Database.Database): boolean {
  const [{ log, checkpointed }] = CopyReport.parse(db.pragma("wal_checkpoint(PASSIVE)"));
  return log === checkpointed;
}

const CopyReport = z.tuple([z.object({ log: z.number(), checkpointed: z.number() })]);

/** From now on a lock of another is an error at once. */
export function waitForNobody(db: Database.Database): void {
  db.pragma("busy_timeout = 0");
}

/** The level that was asked for is the level in force; checked at open and after the first write. */
export function assertDurability(db: Database.Database, durability: Durability): void {
  const level = db.pragma("synchronous", { simple: true });
  invariant(level === synchronous[durability], `synchronous is ${level}, not ${durability}`);
}

function applyCommon(db: Database.Database): void {
  db.pragma("foreign_keys = ON");
  db.pragma("trusted_schema = OFF");
  db.pragma("cell_size_check = ON");
  db.pragma("mmap_size = 0");
}

function assertThere(file: string): void {
  if (existsSync(file)) return;
  const fix = "check the path, or open it for writing, which makes it";
  throw new BucketsError("FILE_INVALID", `There is no file ${file}: ${fix}.`, { file });
}

/** A file that some other program made is not touched. */
function assertOurs(db: Database.Database, file: string): void {
  const found = readApplicationId(db, file);
  if (found === applicationId) return;
  const tables = db.prepare("SELECT count(*) AS count FROM sqlite_schema").pluck().get();
  if (found === 0 && tables === 0) return;
  throw new BucketsError(
    "FILE_INVALID",
    `${file} is a SQLite database, but not one of bucketlog.`,
    { file },
  );
}

function readApplicationId(db: Database.Database, file: string): unknown {
  try {
    return db.pragma("application_id", { simple: true });
  } catch (error) {
    if (!(error instanceof Database.SqliteError) || error.code !== "SQLITE_NOTADB") throw error;
    throw new BucketsError("FILE_INVALID", `${file} is not a SQLite database.`, { file }, error);
  }
}

/**
 * Opens a database, or says which file it is that cannot be.
 *
 * @throws RUNTIME_UNSUPPORTED when none can be, because the native binding does not load.
 */
export function open(make: () => Database.Database, file: string): Database.Database {
  try {
    return make();
  } catch (error) {
    loadSqlite();
    const why = error instanceof Error ? error.message : String(error);
    throw new BucketsError("FILE_INVALID", `${file} cannot be opened: ${why}`, { file }, error);
  }
}
