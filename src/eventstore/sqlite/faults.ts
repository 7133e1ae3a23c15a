/** What SQLite's error codes mean for a write, in one place. */
import Database from "better-sqlite3";
import { BucketsError } from "../../domain/errors.js";

/** The disk is full: SQLite rolled back, nothing was written, and writing may be tried again. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code === "SQLITE_FULL";
}

/** After an I/O error nobody knows whether the transaction will be there after a restart. */
export function leavesOutcomeUnknown(error: unknown): boolean {
  return (
    error instanceof Database.SqliteError &&
    (error.code.startsWith("SQLITE_IOERR") ||
      error.code === "SQLITE_CORRUPT" ||
      error.code === "SQLITE_CANTOPEN")
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
