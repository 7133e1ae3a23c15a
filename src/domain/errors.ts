/**
 * The one error that callers meet: a closed set of codes, a message with the values in it, and
 * details. Faces map codes to statuses, titles and exit codes; nobody branches on the message.
 */
import { limits } from "./limits.js";

export const errorCodes = [
  "BAD_REQUEST",
  "UNAUTHORIZED",
  "FORBIDDEN",
  "NOT_FOUND",
  "METHOD_NOT_ALLOWED",
  "NOT_ACCEPTABLE",
  "REQUEST_TIMEOUT",
  "ALREADY_EXISTS",
  "CONFLICT",
  "GONE",
  "PRECONDITION_FAILED",
  "PAYLOAD_TOO_LARGE",
  "URI_TOO_LONG",
  "UNSUPPORTED_MEDIA_TYPE",
  "RANGE_NOT_SATISFIABLE",
  "VALIDATION_FAILED",
  "IDEMPOTENCY_KEY_REUSED",
  "BUCKET_LOCKED",
  "PRECONDITION_REQUIRED",
  "TOO_MANY_REQUESTS",
  "HEADERS_TOO_LARGE",
  "OVERLOADED",
  "READ_TIMEOUT",
  "NOT_READY",
  "OUTCOME_UNKNOWN",
  "STORAGE_FULL",
  "STORAGE_FAILED",
  "READ_ONLY",
  "LOCKED",
  "FILE_INVALID",
  "FILE_DAMAGED",
  "RUNTIME_UNSUPPORTED",
  "SECRET_KEY_INVALID",
  "PROOF_INVALID",
  "COPY_INVALID",
  "FORKED",
  "LOG_TRUNCATED",
  "TAMPERED",
  "KEY_MISSING",
  "NOT_IMPLEMENTED",
  "UNREACHABLE",
  "INTERNAL",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** One fault of a body: where it is, and what to do about it (CONTRACT: errors). */
export interface ValidationIssue {
  readonly type: string;
  readonly location: readonly (string | number)[];
  readonly message: string;
}

export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * An operational error: the request could not be carried out, and the caller can act on it.
 * Anything else that is thrown is a bug of ours.
 */
export class BucketsError extends Error {
  override readonly name = "BucketsError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  /** Plain data, as logs and workers take it; without the cause, which may be anything. */
  toJSON(): BucketsErrorJson {
    const { name, code, message, details } = this;
    return { name, code, message, details };
  }

  /**
   * The error again. `structuredClone` and `postMessage` leave nothing of an error but its message, so
   * send `error.toJSON()` to another thread, and make the error of it there.
   */
  static fromJSON({ code, message, details }: BucketsErrorJson): BucketsError {
    return new BucketsError(code, message, details);
  }
}

export interface BucketsErrorJson {
  readonly name: "BucketsError";
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** True for a `BucketsError`, also one of another copy of this package: it looks at the shape. */
export function isBucketsError(error: unknown): error is BucketsError {
  return (
    error instanceof Error &&
    error.name === "BucketsError" &&
    "code" in error &&
    errorCodes.some((code) => code === error.code)
  );
}

/** The error with more details; what it says itself goes before them. */
export function withDetails(error: BucketsError, details: ErrorDetails): BucketsError {
  return new BucketsError(error.code, error.message, { ...details, ...error.details }, error);
}

/**
 * A body that does not fit, with the faults that were found. Whoever finds more than are shown may have
 * stopped looking.
 * @param count how many there are, where only the first ones were described.
 */
export function validationFailed(issues: readonly ValidationIssue[], count?: number): BucketsError {
  const first = issues[0];
  const where = first === undefined ? "" : ` at ${first.location.join(".")}`;
  const more = othersOf(issues.length, count);
  const message = `The request does not fit${where}: ${first?.message ?? "see the details"}${more}`;
  return new BucketsError("VALIDATION_FAILED", message, {
    validation_errors: issues.slice(0, limits.validationIssuesMax),
  });
}

function othersOf(found: number, count: number | undefined): string {
  const shown = limits.validationIssuesMax;
  if (count === undefined && found > shown) return ` (and at least ${shown} more)`;
  const all = count ?? found;
  return all > 1 ? ` (and ${all - 1} more)` : "";
}

/** A body that does not fit in one place. */
export function invalidAt(
  location: readonly (string | number)[],
  type: string,
  message: string,
): BucketsError {
  return validationFailed([{ type, location, message }]);
}

/** Thrown for what can only be a bug of ours; never caught below the edge. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** A key under which something else was done. */
export function keyReused(key: string): BucketsError {
  return new BucketsError(
    "IDEMPOTENCY_KEY_REUSED",
    `The Idempotency-Key "${key}" was used for another request: take a new key.`,
    { idempotency_key: key },
  );
}
