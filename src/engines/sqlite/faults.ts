/** What SQLite's error codes mean for a write, in one place. */
import Database from "better-sqlite3";
import { BucketsError, isBucketsError } from "../../domain/errors.js";

/** The disk is full: SQLite rolled back, nothing was written, and writing may be tried again. */
export function isDiskFull(error: unknown): boolean {
  return hasCode(error, "SQLITE_FULL");
}

/** Another program holds a lock on the file. */
export function isBusy(error: unknown): boolean {
  return hasCode(error, "SQLITE_BUSY");
}

/**
 * True when a COMMIT that failed so has certainly not committed. After any other failure the
 * commit frame may be in the file already: a failed fsync, or no memory left to index the frame.
 */
export function isRolledBack(error: unknown): boolean {
  return isDiskFull(error) || isBusy(error) || hasCode(error, "SQLITE_CONSTRAINT");
}

/** The disk failed under a statement: the connection cannot be relied on any more. */
export function isDiskFailure(error: unknown): boolean {
  return hasCode(error, "SQLITE_IOERR") || hasCode(error, "SQLITE_CANTOPEN") || isDamaged(error);
}

/** True for the code and for the extended codes that refine it. */
function hasCode(error: unknown, code: string): boolean {
  return (
    error instanceof Database.SqliteError &&
    (error.code === code || error.code.startsWith(`${code}_`))
  );
}

export function diskFull(cause: unknown): BucketsError {
  return new BucketsError(
    "STORAGE_FULL",
    "The disk is full: nothing was written. Free some space and try again.",
    { outcome: "not_written" },
    cause,
  );
}

/** Nothing may be written beside the file, where SQLite wants to keep the index of its WAL. */
export function lacksIndex(error: unknown): boolean {
  return hasCode(error, "SQLITE_CANTOPEN") || hasCode(error, "SQLITE_READONLY");
}

/**
 * Why a file cannot be opened, for whoever must do something about it.
 * @param findObstacle asks the system what keeps it from being written, where that was to be done.
 */
export function openFailure(
  error: unknown,
  file: string,
  findObstacle: () => string | undefined,
): unknown {
  const cause = isBucketsError(error) ? error.cause : error;
  if (!(cause instanceof Database.SqliteError)) return error;
  if (isDamaged(cause) && !isBucketsError(error)) {
    const message = `${file} is damaged (${cause.code}): restore a backup, or save what can be read with \`sqlite3 ${file} .recover\`.`;
    return new BucketsError("FILE_DAMAGED", message, { file }, error);
  }
  const obstacle = findObstacle();
  if (isDiskFull(cause) || obstacle === "ENOSPC" || obstacle === "EDQUOT") {
    return cannotWrite("STORAGE_FULL", file, "the disk is full", error);
  }
  const why = obstacle === undefined ? undefined : obstacles[obstacle];
  if (why !== undefined) return cannotWrite("FILE_INVALID", file, why, error);
  if (!(error instanceof Database.SqliteError)) return error;
  const advice = lacksIndex(error)
    ? ". To read a file that was not closed, or is large, SQLite keeps its WAL index beside it: let this user write to the folder, or copy the file, with its -wal, to one where it can"
    : "";
  const message = `${file} cannot be opened: ${error.message} (${error.code})${advice}`;
  return new BucketsError("FILE_INVALID", message, { file }, error);
}

/** By the code of the system. */
const obstacles: Readonly<Record<string, string>> = {
  EROFS: "it lies on a medium that is read-only",
  EACCES: "this user may not write to it, or beside it",
  EPERM: "this user may not write to it, or beside it",
  EMFILE: "the process has no file descriptor left (ulimit -n)",
  ENFILE: "the system has no file descriptor left",
};

function cannotWrite(
  code: "STORAGE_FULL" | "FILE_INVALID",
  file: string,
  why: string,
  cause: unknown,
): BucketsError {
  return new BucketsError(
    code,
    `${file} cannot be opened for writing: ${why}. Mend that, or read it with --read-only (readOnly in the library).`,
    { file, outcome: "not_written" },
    cause,
  );
}

/** The lock holds nothing but the name of its holder. */
export function damagedLock(lockFile: string, cause: unknown): BucketsError {
  return new BucketsError(
    "FILE_INVALID",
    `${lockFile} is damaged: remove it, once no process has the store open for writing.`,
    { file: lockFile },
    cause,
  );
}

export function isDamaged(error: unknown): boolean {
  return hasCode(error, "SQLITE_NOTADB") || hasCode(error, "SQLITE_CORRUPT");
}

/** An id that was made before is in the way: whatever makes ids makes some twice. */
export function isTakenId(error: unknown): boolean {
  return hasCode(error, "SQLITE_CONSTRAINT");
}

export function busy(cause: unknown): BucketsError {
  return new BucketsError(
    "NOT_READY",
    "Another program holds a lock on the file: nothing was written. Try again soon.",
    { outcome: "not_written", retry_after_seconds: 1 },
    cause,
  );
}

export function outcomeUnknown(cause: unknown): BucketsError {
  return new BucketsError(
    "OUTCOME_UNKNOWN",
    "The disk failed during the commit: it is not known whether the write is kept. Retry with the same Idempotency-Key.",
    { outcome: "unknown", retry_after_seconds: 1 },
    cause,
  );
}

export function recovering(cause: unknown): BucketsError {
  return new BucketsError(
    "NOT_READY",
    "The store is recovering from an I/O error and takes no writes: nothing was written.",
    { outcome: "not_written", retry_after_seconds: 1 },
    cause,
  );
}

export function misplaced(cause: Error): BucketsError {
  return new BucketsError(
    "NOT_READY",
    `${cause.message}: the store takes no writes until it is where it was. Nothing was written.`,
    { outcome: "not_written", retry_after_seconds: 1 },
    cause,
  );
}

export function takenOver(file: string): BucketsError {
  return new BucketsError(
    "LOCKED",
    `${file} was taken over by another writer, which its lock file should have kept out: nothing was written. Open it again.`,
    { file, outcome: "not_written" },
  );
}

/** Of a file that is only read, and so stays as it is. */
export function writtenByOlder(file: string): BucketsError {
  return new BucketsError(
    "FILE_INVALID",
    `${file} was written by an older version: open it once for writing to bring it up to date.`,
    { file },
  );
}
