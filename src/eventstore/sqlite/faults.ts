/** What SQLite's error codes mean for a write, in one place. */
import Database from "better-sqlite3";
import { BucketsError } from "../../domain/errors.js";

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
  return (
    hasCode(error, "SQLITE_IOERR") ||
    hasCode(error, "SQLITE_CORRUPT") ||
    hasCode(error, "SQLITE_CANTOPEN") ||
    hasCode(error, "SQLITE_NOTADB")
  );
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

/** Why a file cannot be opened, for whoever must do something about it. */
export function openFailure(error: unknown, file: string): unknown {
  if (isDiskFull(error)) return diskFull(error);
  if (!(error instanceof Database.SqliteError)) return error;
  const message = `${file} cannot be opened: ${error.message} (${error.code})`;
  return new BucketsError("FILE_INVALID", message, { file }, error);
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

export function takenOver(file: string): BucketsError {
  return new BucketsError(
    "LOCKED",
    `${file} was taken over by another writer, which its lock file should have kept out: nothing was written. Open it again.`,
    { file, outcome: "not_written" },
  );
}
