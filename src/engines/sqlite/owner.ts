/**
 * One process owns the file for writing. What says so is a lock that SQLite holds on a database
 * beside it, so that the operating system lets go of it whatever way the process ends, and nothing
 * stale is left. A RESERVED lock keeps other writers out and lets them read who holds it.
 */
import { hostname } from "node:os";
import Database from "better-sqlite3";
import { z } from "zod";
import { BucketsError } from "../../domain/errors.js";
import { open } from "./connection.js";
import { damagedLock, isBusy, isDamaged } from "./faults.js";
import { makePrivate } from "./private-file.js";

const Holder = z.object({
  /** Of this taking, whoever the process is. */
  id: z.string(),
  pid: z.number(),
  host: z.string(),
  since: z.string(),
});
type Holder = z.infer<typeof Holder>;

export interface Owner {
  /** Lets go of the file. Idempotent. */
  release(): void;
}

/** Reading and writing the name of the holder takes a moment; each waits for the other. */
const nameTimeoutMs = 1_000;

/**
 * @throws LOCKED with the holder's process, host and time, at once; FILE_INVALID when there can be
 * no lock file.
 */
export function takeOwnership(file: string, id: string, now: number): Owner {
  const lockFile = `${file}.lock`;
  makePrivate(lockFile);
  const db = open(() => new Database(lockFile), lockFile);
  const holder = { id, pid: process.pid, host: hostname(), since: new Date(now).toISOString() };
  try {
    for (;;) {
      db.pragma("busy_timeout = 0");
      db.exec("BEGIN IMMEDIATE");
      if (readHolder(db)?.id === id) return { release: () => release(db) };
      // Write down who we are, so that others can read it, then take the lock for good. Whoever
      // slips in between writes its own name, and the loop sees that.
      db.pragma(`busy_timeout = ${nameTimeoutMs}`);
      writeHolder(db, holder);
      db.exec("COMMIT");
    }
  } catch (error) {
    db.pragma(`busy_timeout = ${nameTimeoutMs}`);
    const heldBy = isBusy(error) ? readHolderIfAny(db) : undefined;
    db.close();
    if (isBusy(error)) throw locked(file, heldBy);
    const isOurs = !isDamaged(error) && !(error instanceof z.ZodError);
    throw isOurs ? error : damagedLock(lockFile, error);
  }
}

function writeHolder(db: Database.Database, holder: Holder): void {
  db.exec(`CREATE TABLE IF NOT EXISTS holder (
    id INTEGER PRIMARY KEY CHECK (id = 1), claim TEXT, pid INTEGER, host TEXT, since TEXT
  ) STRICT`);
  db.prepare("INSERT OR REPLACE INTO holder VALUES (1, ?, ?, ?, ?)").run(
    holder.id,
    holder.pid,
    holder.host,
    holder.since,
  );
}

function readHolder(db: Database.Database): Holder | undefined {
  const exists = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'holder'").get();
  if (exists === undefined) return undefined;
  return Holder.optional().parse(
    db.prepare("SELECT claim AS id, pid, host, since FROM holder").get(),
  );
}

/** The holder may be writing its name at this very moment; then it stays unnamed. */
function readHolderIfAny(db: Database.Database): Holder | undefined {
  try {
    return readHolder(db);
  } catch (error) {
    if (isBusy(error)) return undefined;
    throw error;
  }
}

function locked(file: string, holder: Holder | undefined): BucketsError {
  const who =
    holder === undefined
      ? "another process"
      : `process ${holder.pid} on "${holder.host}" since ${holder.since}`;
  return new BucketsError(
    "LOCKED",
    `${file} is open for writing in ${who}. Close that one, or open the file read-only.`,
    { file, ...(holder && { pid: holder.pid, host: holder.host, since: holder.since }) },
  );
}

function release(db: Database.Database): void {
  if (!db.open) return;
  db.exec("ROLLBACK");
  db.close();
}
