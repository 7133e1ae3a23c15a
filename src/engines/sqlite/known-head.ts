/**
 * The end of the log as it was last known to be on the disk, in a small file beside the database: a
 * database that is copied without its WAL, put back from an old copy, or read no further than a bad
 * page of its WAL, looks whole from within. The file is never ahead of what is durable.
 */
import { readdirSync, statSync } from "node:fs";
import type Database from "better-sqlite3";
import { z } from "zod";
import { BucketsError } from "../../domain/errors.js";
import type { Truncation } from "../../domain/log/events.js";
import { readFileIfAny, replaceFile, replaceFileSync } from "../../durable-file.js";
import { toHex } from "../../eventstore/codec.js";
import type { Head } from "../../eventstore/store.js";
import { openReader } from "./connection.js";

const KnownHead = z.object({
  log_id: z.string(),
  position: z.number().int(),
  hash: z.string(),
  recorded_at: z.number().int(),
});
export type KnownHead = Readonly<z.infer<typeof KnownHead>>;

const LogRow = z.object({ position: z.number(), hash: z.instanceof(Uint8Array) });

function knownHeadFile(file: string): string {
  return `${file}.head`;
}

/** Whose head it is. */
interface LogPlace {
  readonly file: string;
  readonly logId: string;
}

/** Durably once it resolves. One at a time. */
export async function keepKnownHead(place: LogPlace, head: Head): Promise<void> {
  await replaceFile(knownHeadFile(place.file), textOf(place, head));
}

export function keepKnownHeadSync(place: LogPlace, head: Head): void {
  replaceFileSync(knownHeadFile(place.file), textOf(place, head));
}

function textOf({ logId }: LogPlace, { position, hash, recordedAt }: Head): string {
  const known: KnownHead = {
    log_id: logId,
    position,
    hash: toHex(hash),
    recorded_at: recordedAt,
  };
  return `${JSON.stringify(known)}\n`;
}

/** @throws FILE_INVALID when it cannot be read, or is not what was written. */
export function readKnownHead(file: string): KnownHead | undefined {
  const path = knownHeadFile(file);
  const text = readFileIfAny(path);
  if (text === undefined) return undefined;
  try {
    return KnownHead.parse(JSON.parse(text));
  } catch (error) {
    const message = `${path} is damaged: compare the end of the log with a head that was noted elsewhere (verify --expect), then remove it.`;
    throw new BucketsError("FILE_INVALID", message, { file: path }, error);
  }
}

/**
 * Looks at the file before anything is opened for writing, which would take away what is left of a WAL
 * that cannot be read to its end.
 *
 * @returns how it falls short of the head that was known, if it does.
 * @throws LOG_TRUNCATED when it holds no log at all, although other files of one lie beside it.
 */
export function findTruncation(file: string, known: KnownHead | undefined): Truncation | undefined {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) {
    assertNothingBeside(file, known);
    return undefined;
  }
  const db = openReader(file);
  try {
    if (!hasTable(db, "head")) assertNothingBeside(file, known);
    else if (known !== undefined) return truncationOf(db, known);
    return undefined;
  } finally {
    db.close();
  }
}

/** How what a connection sees falls short of a head that was known before it was opened. */
export function truncationOf(db: Database.Database, known: KnownHead): Truncation | undefined {
  const head = LogRow.parse(db.prepare("SELECT position, hash FROM head").get());
  const hash = db.prepare("SELECT hash FROM events WHERE position = ?").pluck().get(known.position);
  const isThere = hash instanceof Uint8Array && toHex(hash) === known.hash;
  if (isThere && head.position >= known.position && isOfLog(db, known)) return undefined;
  return {
    position: head.position,
    hash: toHex(head.hash),
    known_position: known.position,
    known_hash: known.hash,
  };
}

/** A file of before logs had ids is of any. */
function isOfLog(db: Database.Database, { log_id }: KnownHead): boolean {
  if (!hasTable(db, "log")) return true;
  const found = db.prepare("SELECT log_id FROM log").pluck().get();
  return found === undefined || found === log_id;
}

function hasTable(db: Database.Database, name: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").get(name) !== undefined;
}

/** A new log begins where nothing is left of another. A key may be there before its log. */
function assertNothingBeside(file: string, known: KnownHead | undefined): void {
  const isThere = (suffix: string) => statSync(`${file}${suffix}`, { throwIfNoEntry: false });
  const found =
    (known !== undefined && ".head") ||
    (hasBlobs(`${file}.blobs`) && ".blobs") ||
    (isThere("") !== undefined && [".sign", ".key"].find(isThere));
  if (found === false || found === undefined) return;
  throw new BucketsError(
    "LOG_TRUNCATED",
    `${file} holds no log, and ${file}${found} is of one: put the database back, with its -wal if it was not closed, or move what is left of it away to begin anew.`,
    { file, beside: `${file}${found}` },
  );
}

function hasBlobs(folder: string): boolean {
  try {
    return readdirSync(folder).some((name) => /^[0-9a-f]{2}$/.test(name));
  } catch {
    return false;
  }
}

export function truncated(file: string, truncation: Truncation): BucketsError {
  const { position, known_position: known } = truncation;
  const what =
    position < known
      ? `ends at position ${position}, and ${known} was on the disk`
      : `has another history than the one that was on the disk at position ${known}`;
  const cure = "put back the database with its -wal, or the newest backup";
  return new BucketsError(
    "LOG_TRUNCATED",
    `${file} ${what} (${knownHeadFile(file)}): ${cure}; where there is neither, \`serve --accept-truncation\` goes on without what is gone, and records that.`,
    { file, ...truncation },
  );
}
