/**
 * Errors on the wire: one total table from our codes to statuses and types, and the two envelopes,
 * the contract's and RFC 9457's. A code without a row does not compile.
 */
import { BucketsError, type ErrorCode, isBucketsError } from "../domain/errors.js";

interface Row {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  /** Whether its message is told although it is our fault. */
  readonly isTold?: true;
}

const rows: Readonly<Record<ErrorCode, Row>> = {
  BAD_REQUEST: { status: 400, type: "BadRequestError", title: "Bad request" },
  UNAUTHORIZED: { status: 401, type: "UnauthorizedError", title: "Unauthorized" },
  FORBIDDEN: { status: 403, type: "ForbiddenError", title: "Forbidden" },
  NOT_FOUND: { status: 404, type: "NotFoundError", title: "Not found" },
  METHOD_NOT_ALLOWED: { status: 405, type: "MethodNotAllowedError", title: "Method not allowed" },
  NOT_ACCEPTABLE: { status: 406, type: "NotAcceptableError", title: "Not acceptable" },
  REQUEST_TIMEOUT: { status: 408, type: "RequestTimeoutError", title: "Request timeout" },
  ALREADY_EXISTS: { status: 409, type: "AlreadyExistsError", title: "Already exists" },
  CONFLICT: { status: 409, type: "ConflictError", title: "Conflict" },
  GONE: { status: 410, type: "GoneError", title: "Gone" },
  PRECONDITION_FAILED: {
    status: 412,
    type: "PreconditionFailedError",
    title: "Precondition failed",
  },
  PAYLOAD_TOO_LARGE: { status: 413, type: "PayloadTooLargeError", title: "Payload too large" },
  URI_TOO_LONG: { status: 414, type: "UriTooLongError", title: "URI too long" },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    type: "UnsupportedMediaTypeError",
    title: "Unsupported media type",
  },
  RANGE_NOT_SATISFIABLE: {
    status: 416,
    type: "RangeNotSatisfiableError",
    title: "Range not satisfiable",
  },
  VALIDATION_FAILED: { status: 422, type: "ValidationError", title: "Validation failed" },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    type: "ValidationError",
    title: "Idempotency key reused",
  },
  BUCKET_LOCKED: { status: 423, type: "BucketLockedError", title: "Bucket locked" },
  PRECONDITION_REQUIRED: {
    status: 428,
    type: "PreconditionRequiredError",
    title: "Precondition required",
  },
  TOO_MANY_REQUESTS: { status: 429, type: "TooManyRequestsError", title: "Too many requests" },
  HEADERS_TOO_LARGE: { status: 431, type: "HeadersTooLargeError", title: "Headers too large" },
  INTERNAL: { status: 500, type: "InternalServerError", title: "Internal server error" },
  FILE_INVALID: { status: 500, type: "InternalServerError", title: "Internal server error" },
  FILE_DAMAGED: { status: 500, type: "InternalServerError", title: "Internal server error" },
  RUNTIME_UNSUPPORTED: { status: 500, type: "InternalServerError", title: "Internal server error" },
  KEY_MISSING: { status: 503, type: "UnavailableError", title: "Key missing" },
  FORKED: { status: 409, type: "ConflictError", title: "Log forked" },
  LOG_TRUNCATED: { status: 500, type: "InternalServerError", title: "Internal server error" },
  TAMPERED: {
    status: 500,
    type: "InternalServerError",
    title: "Log altered",
    isTold: true,
  },
  COPY_INVALID: { status: 422, type: "CopyError", title: "Copy does not verify" },
  PROOF_INVALID: { status: 422, type: "ProofError", title: "Proof does not hold" },
  SECRET_KEY_INVALID: { status: 500, type: "InternalServerError", title: "Internal server error" },
  NOT_IMPLEMENTED: { status: 501, type: "NotImplementedError", title: "Not implemented" },
  UNREACHABLE: { status: 502, type: "BadGatewayError", title: "Unreachable" },
  OVERLOADED: { status: 503, type: "UnavailableError", title: "Overloaded" },
  READ_TIMEOUT: { status: 503, type: "UnavailableError", title: "Read timeout" },
  NOT_READY: { status: 503, type: "UnavailableError", title: "Not ready" },
  OUTCOME_UNKNOWN: { status: 503, type: "UnavailableError", title: "Outcome unknown" },
  READ_ONLY: { status: 503, type: "UnavailableError", title: "Read-only" },
  LOCKED: { status: 503, type: "UnavailableError", title: "File in use" },
  STORAGE_FAILED: { status: 503, type: "UnavailableError", title: "Storage failed" },
  STORAGE_FULL: { status: 507, type: "InsufficientStorageError", title: "Insufficient storage" },
};

/** How the contract calls an error of that code. */
export function errorTypeOf(code: ErrorCode): string {
  return rows[code].type;
}

export const problemMediaType = "application/problem+json";

/** Problem types that IANA lists, which clients of any API know. */
const registeredTypes: Readonly<Partial<Record<ErrorCode, string>>> = {
  TOO_MANY_REQUESTS: "https://iana.org/assignments/http-problem-types#quota-exceeded",
};

export interface Problem {
  readonly status: number;
  readonly mediaType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** What the answer to an error takes from its request. */
interface Asking {
  readonly requestId: string;
  readonly wantsProblemJson?: boolean;
  readonly basePath?: string;
}

/**
 * The answer to an error. Whatever is not a `BucketsError` is a bug of ours: the caller learns
 * nothing of it but the request id, under which it stands in the log.
 */
export function toProblem(
  error: unknown,
  { requestId, wantsProblemJson = false, basePath = "" }: Asking,
): Problem {
  const known = isBucketsError(error) ? error : internalError;
  const row = rows[known.code];
  const isOurs = row.status === 500 && row.isTold !== true;
  const message = isOurs ? internalError.message : known.message;
  const details = isOurs ? {} : known.details;
  return {
    status: row.status,
    mediaType: wantsProblemJson ? problemMediaType : "application/json",
    headers: headersOf(row.status, details, basePath),
    body: wantsProblemJson
      ? rfc9457(row, known.code, message, details, requestId)
      : envelope(row, known.code, message, { ...details, request_id: requestId }),
  };
}

/** True when the error must be logged with its stack. */
export function isInternal(error: unknown): boolean {
  return !isBucketsError(error) || rows[error.code].status === 500;
}

const internalError = new BucketsError(
  "INTERNAL",
  "Something went wrong on our side. The log has it under the request id.",
);

function headersOf(
  status: number,
  details: BucketsError["details"],
  basePath: string,
): Record<string, string> {
  const retryAfter = details["retry_after_seconds"] ?? (status === 503 ? 1 : undefined);
  return {
    ...(status === 401 && { "WWW-Authenticate": "Bearer" }),
    // A deleted bucket is gone, and its history is not (RFC 5829).
    ...(details["deleted_at"] !== undefined && {
      Link: `<${basePath}/v1/buckets/${details["bucket_id"]}/history>; rel="version-history"`,
    }),
    ...(retryAfter !== undefined && { "Retry-After": String(retryAfter) }),
  };
}

/** The contract's envelope; a 422 carries FastAPI's `detail` as well. */
function envelope(row: Row, code: ErrorCode, message: string, details: BucketsError["details"]) {
  return {
    success: false,
    status: row.status,
    error: { message, type: row.type, code, details },
    ...(row.status === 422 && { detail: issuesOf(details).map(toFastApi) }),
  };
}

function rfc9457(
  row: Row,
  code: ErrorCode,
  message: string,
  details: BucketsError["details"],
  requestId: string,
) {
  const issues = issuesOf(details);
  return {
    type:
      registeredTypes[code] ?? `urn:bucketlog:problem:${code.toLowerCase().replaceAll("_", "-")}`,
    title: row.title,
    status: row.status,
    detail: message,
    instance: `urn:bucketlog:request:${requestId}`,
    code,
    ...details,
    ...(issues.length > 0 && {
      errors: issues.map(({ message: detail, location }) => ({
        detail,
        pointer: `#/${location.slice(1).map(escapeToken).join("/")}`,
      })),
    }),
  };
}

interface Issue {
  readonly type: unknown;
  readonly location: readonly unknown[];
  readonly message: unknown;
}

function issuesOf(details: BucketsError["details"]): Issue[] {
  const issues = details["validation_errors"];
  return Array.isArray(issues) ? issues : [];
}

function toFastApi({ type, location, message }: Issue) {
  return { loc: location, msg: message, type };
}

function escapeToken(token: unknown): string {
  return String(token).replaceAll("~", "~0").replaceAll("/", "~1");
}
