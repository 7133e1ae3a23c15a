/** What the operating system's error codes mean for a write, in one place. */
import { BucketsError } from "../../domain/errors.js";

/** The disk, a quota, or the largest file that is allowed leaves no room for the bytes. */
export function isDiskFull(error: unknown): boolean {
  return hasCode(error, "ENOSPC") || hasCode(error, "EDQUOT") || hasCode(error, "EFBIG");
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

export function diskFull(cause: unknown): BucketsError {
  return new BucketsError(
    "STORAGE_FULL",
    "The disk has no room for the content: nothing was kept. Free some space and try again.",
    { outcome: "not_written" },
    cause,
  );
}
