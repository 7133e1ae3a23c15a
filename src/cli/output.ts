/** What exit codes mean, and how changes and errors are told. */
import type { DiffField } from "../domain/diff-response.js";
import { type BucketsError, type ErrorCode, isBucketsError } from "../domain/errors.js";
import type { FeedEvent, UnreadableEvent } from "../index.js";
import { jsonLine, type Line, line, padded } from "./line.js";
import type { Terminal } from "./terminal.js";

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  conflict: 3,
  verification: 4,
  locked: 5,
} as const;

/** What became of one place of the document; every change is such a field. */
export function changeLine(terminal: Terminal, { path, was, value }: DiffField): Line {
  const what = line`${path}  ${jsonLine(was ?? value)}`;
  if (was === undefined) return line`${terminal.styled("green", "+")} ${what}`;
  if (value === undefined) return line`${terminal.styled("red", "-")} ${what}`;
  return line`${terminal.styled("yellow", "~")} ${what} → ${jsonLine(value)}`;
}

/** An event of a namespace, on one line. */
export function eventLine(terminal: Terminal, event: FeedEvent): Line {
  const place = terminal.styled("yellow", `@${event.position}`.padStart(6));
  const what = [event.type, ...event.changes.map(({ path }) => path)].join(" ");
  const why = event.reason === undefined ? line`` : line`  ${terminal.styled("dim", event.reason)}`;
  return line`${place}  ${event.recorded_at}  ${padded(event.actor, 10)}  ${event.bucket_id}  ${what}${why}`;
}

/** Names what cannot be read and is left out: beside the output, so that nobody takes it for whole. */
export function tellLeftOut(terminal: Terminal): (events: readonly UnreadableEvent[]) => void {
  return (events) => {
    for (const { position, problem } of events) {
      terminal.printError(
        line`left out: the event at position ${position} cannot be read: ${problem}`,
      );
    }
  };
}

/** Prints the error with its code, and says how the process must exit. */
export function reportError(terminal: Terminal, error: unknown): number {
  if (!isBucketsError(error)) {
    const told = tellUnknown(error);
    for (const one of told.split("\n")) terminal.printError(line`${one}`);
    return exitCodes.failed;
  }
  terminal.printError(line`${terminal.styled("red", `error [${error.code}]`)}: ${error.message}`);
  const hint = hintOf(error);
  if (hint !== undefined) terminal.printError(line`  ${hint}`);
  return exitCodeOf(error.code);
}

/** What the system refuses is told in a line; what may be a bug of ours with its stack. */
function tellUnknown(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "syscall" in error ? `error: ${error.message}` : (error.stack ?? error.message);
}

/** At most one; those of a server speak of headers, and there are none here. */
export function hintOf({ code, details }: BucketsError): string | undefined {
  const { hint, file, current_version: current } = details;
  if (code === "PRECONDITION_FAILED" && current !== undefined) {
    return `read it, and if your change still fits:  --if-version ${current}`;
  }
  if (typeof hint === "string") return hint;
  if (code === "LOCKED") return `read it anyway:  bucketlog show <bucket> --file ${file}`;
  if (code === "UNAUTHORIZED") return "give a token of the server:  --token or BUCKETLOG_TOKEN";
  return undefined;
}

export function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case "LOCKED":
      return exitCodes.locked;
    case "CONFLICT":
    case "ALREADY_EXISTS":
    case "PRECONDITION_FAILED":
    case "PRECONDITION_REQUIRED":
    case "BUCKET_LOCKED":
    case "IDEMPOTENCY_KEY_REUSED":
      return exitCodes.conflict;
    case "COPY_INVALID":
    case "FORKED":
    case "LOG_TRUNCATED":
    case "TAMPERED":
    case "FILE_DAMAGED":
    case "PROOF_INVALID":
      return exitCodes.verification;
    case "BAD_REQUEST":
    case "VALIDATION_FAILED":
      return exitCodes.usage;
    default:
      return exitCodes.failed;
  }
}
