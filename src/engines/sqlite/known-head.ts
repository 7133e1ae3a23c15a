/**
 * The end of the log as it was last known to be on the disk, in small files beside the database: a
 * database that is copied without its WAL, put back from an old copy, or read no further than a bad
 * page of its WAL, looks whole from within. Neither file is ever ahead of what is durable.
 */
import { closeSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import type Database from "better-sqlite3";
import { z } from "zod";
import { BucketsError } from "../../domain/errors.js";
import type { Truncation } from "../../domain/log/events.js";
import { readFileIfAny, replaceFile, replaceFileSync } from "../../durable-file.js";
import { toHex } from "../../eventstore/codec.js";
import type { Head } from "../../eventstore/store.js";
import { openReader } from "./connection.js";
import { readNoteIfAny } from "./note-file.js";

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

function lastCommitFile(file: string): string {
  return `${file}.last`;
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

/** @returns the later of what was noted on the disk and what the last process saw commit. */
export function readKnownHead(file: string): KnownHead | undefined {
  const noted = readNote(file);
  const last = readLastCommit(file);
  if (noted === undefined || last === undefined) return noted ?? last;
  return last.log_id === noted.log_id && last.position > noted.position ? last : noted;
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
function readNote(file: string): KnownHead | undefined {
  const cure = "compare the end of the log with a head that was noted elsewhere (verify --expect)";
  return readNoteIfAny(knownHeadFile(file), KnownHead, cure);
}

/**
 * The end of the log with each commit, between two notes. It is written over in place and never synced, which
 * costs some microseconds: the system keeps it when the process is killed, and after a power cut an older one
 * is there, or one that was torn and counts for nothing.
 */
export class LastCommit {
  readonly #place: LogPlace;
  #descriptor: number | undefined;

  constructor(place: LogPlace) {
    this.#place = place;
  }

  /** Where it cannot be written, the note of each second has to do, and tells of the disk. */
  keep(head: Head): void {
    const text = textOf(this.#place, head);
    try {
      this.#descriptor ??= openSync(lastCommitFile(this.#place.file), "w", 0o600);
      // Over the one before: it is never shorter, since positions and times of a log only grow.
      writeSync(this.#descriptor, `${text}${checksum(text)}`, 0);
    } catch {
      this.#close();
    }
  }

  /** Once all of it is in the note, or none of it counts any more. */
  forget(): void {
    this.#close();
    rmSync(lastCommitFile(this.#place.file), { force: true });
  }

  #close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    try {
      if (descriptor !== undefined) closeSync(descriptor);
    } catch {
      // The disk is failing; what was committed stays committed.
    }
  }
}

/** None where a write was cut short, or goes on at this moment. */
function readLastCommit(file: string): KnownHead | undefined {
  const text = readFileIfAny(lastCommitFile(file));
  if (text === undefined) return undefined;
  const end = text.indexOf("\n") + 1;
  const note = text.slice(0, end);
  const isWhole = end > 0 && text.slice(end) === checksum(note);
  return isWhole ? KnownHead.parse(JSON.parse(note)) : undefined;
}

/** Of fixed length. */
function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
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
    `${file} ${what} (${knownHeadFile(file)}, ${lastCommitFile(file)}): ${cure}; where there is neither, \`serve --accept-truncation\` goes on without what is gone, and records that.`,
    { file, ...truncation },
  );
}
