/**
 * SQLite connections with every setting that we rely on said out loud, and asserted: better-sqlite3
 * is compiled so that WAL silently means synchronous=NORMAL, which loses acknowledged writes on
 * power loss.
 */
import Database from "better-sqlite3";
import { BucketsError, invariant } from "../../domain/errors.js";
import type { Durability } from "../store.js";

/** "bkt1": marks the file as ours in its header. */
export const applicationId = 0x626b7431;

/** 8,000 pages of 4 KiB: 1.4 times the throughput of the default, and a WAL of about 32 MiB. */
const walAutocheckpointPages = 8_000;
const journalSizeLimitBytes = 64 * 1024 * 1024;
const busyTimeoutMs = 5_000;

const synchronous = { full: 2, relaxed: 1, none: 0 } as const satisfies Record<Durability, number>;

/** The one connection that writes. */
export function openWriter(file: string, durability: Durability): Database.Database {
  const db = open(() => new Database(file, { timeout: busyTimeoutMs }), file);
  try {
    assertOurs(db, file);
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

/** A connection that only reads. */
export function openReader(file: string): Database.Database {
  const db = open(
    () => new Database(file, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs }),
    file,
  );
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
export function checkpoint(db: Database.Database): boolean {
  db.pragma("busy_timeout = 0");
  const isBusy = db.pragma("wal_checkpoint(TRUNCATE)", { simple: true });
  db.pragma(`busy_timeout = ${busyTimeoutMs}`);
  return isBusy === 0;
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

/** Opens a database, or says which file it is that cannot be. */
export function open(make: () => Database.Database, file: string): Database.Database {
  try {
    return make();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BucketsError("FILE_INVALID", `${file} cannot be opened: ${why}`, { file }, error);
  }
}
