/** What goes wrong on the way to a server, and what a server refuses, as the errors of the library. */
import { BucketsError, type ErrorCode, type ErrorDetails, errorCodes } from "../domain/errors.js";
import { answerWith, mapped } from "./shapes.js";

/** How a try failed. */
export interface Failure {
  readonly error: BucketsError;
  /** Whether another try may go better. */
  readonly isTransient: boolean;
  /** Whether the server may have done what it was asked all the same. */
  readonly mayBeDone: boolean;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number;
}

const transientCodes: readonly ErrorCode[] = [
  "REQUEST_TIMEOUT",
  "TOO_MANY_REQUESTS",
  "OVERLOADED",
  "NOT_READY",
  "OUTCOME_UNKNOWN",
];

/** Of proxies, whose answers say nothing of what the server behind them did. */
const transientStatuses: readonly number[] = [408, 425, 429, 502, 503, 504];

/** Failures to connect at all, as Node names them. */
const neverSent: readonly string[] = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"];

/** The envelope of the contract; its code is the one of the library. */
interface Envelope {
  readonly success: false;
  readonly error: Refusal;
}

interface Refusal {
  readonly message: string;
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
}

const Told = answerWith<Refusal>({ message: "string", code: "string", details: "object" });
const Enveloped = mapped(
  answerWith<Envelope>({ success: "boolean", error: "object" }),
  ({ success, error }) => (success ? undefined : Told(error)),
);

/** The failure that an answer tells of. */
export async function refusalOf(response: Response, server: string): Promise<Failure> {
  const retryAfterMs = readRetryAfter(response.headers.get("Retry-After"));
  const text = await response.text();
  const told = Enveloped(parseJson(text));
  if (told === undefined || !errorCodes.includes(told.code)) {
    return { ...foreignAnswer(response, server), retryAfterMs };
  }
  const { code, message, details } = told;
  return {
    error: new BucketsError(code, message, details),
    isTransient: transientCodes.includes(code),
    mayBeDone: code === "OUTCOME_UNKNOWN",
    retryAfterMs,
  };
}

/** An answer that no server of ours gives: a proxy speaks, or the base URL is of something else. */
export function foreignAnswer(response: Response, server: string): Failure {
  const { status } = response;
  const type = response.headers.get("Content-Type") ?? "no media type";
  const isTransient = transientStatuses.includes(status);
  return {
    error: new BucketsError(
      "UNREACHABLE",
      `${server} answered ${status} (${type}), which is no answer of bucketlog: check the base URL, and what stands before the server.`,
      { server, status },
    ),
    isTransient,
    mayBeDone: isTransient || response.ok,
    retryAfterMs: 0,
  };
}

/** A connection that could not be made, or broke. */
export function brokenOff(cause: unknown, server: string): Failure {
  return {
    error: new BucketsError(
      "UNREACHABLE",
      `${server} cannot be reached: ${reasonOf(cause)}.`,
      { server },
      cause,
    ),
    isTransient: true,
    mayBeDone: !neverSent.includes(codeOf(cause)),
    retryAfterMs: 0,
  };
}

/** What a write ends with that was given up and may have been done. */
export function outcomeUnknown({ error }: Failure, idempotencyKey: string | undefined) {
  const advice =
    idempotencyKey === undefined
      ? "look whether it was"
      : `send it again with the idempotencyKey "${idempotencyKey}"`;
  return new BucketsError(
    "OUTCOME_UNKNOWN",
    `${error.message} Whether the write was done is not known: ${advice}.`,
    {
      ...error.details,
      outcome: "unknown",
      ...(idempotencyKey !== undefined && { idempotency_key: idempotencyKey }),
    },
    error,
  );
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Seconds, or a date (RFC 9110 section 10.2.3); 0 for anything else. */
function readRetryAfter(header: string | null): number {
  if (header === null) return 0;
  const milliseconds = /^[0-9]+$/.test(header)
    ? Number(header) * 1_000
    : Date.parse(header) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : 0;
}

/** `fetch` says "fetch failed", and why in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== ""
    ? error.cause.message
    : error.message;
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}
