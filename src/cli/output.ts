/** What the command line prints, and what its exit codes mean. */
import { styleText } from "node:util";
import { type BucketsError, type ErrorCode, isBucketsError } from "../domain/errors.js";

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  conflict: 3,
  verification: 4,
  locked: 5,
} as const;

type Style = Parameters<typeof styleText>[0];

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printError(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Colour for people: only on a terminal, and not where NO_COLOR asks for none. */
export function styled(style: Style, text: string): string {
  const wantsColour = process.stdout.isTTY === true && !process.env["NO_COLOR"];
  return wantsColour ? styleText(style, text) : text;
}

/** Prints progress over itself, on a terminal only. */
export function printProgress({ done, total }: { done: number; total: number }): void {
  if (process.stderr.isTTY === true) process.stderr.write(`\r${done} of ${total} events`);
}

export function endProgress(): void {
  if (process.stderr.isTTY === true) process.stderr.write("\r\u001b[K");
}

/** Prints the error with its code, and says how the process must exit. */
export function reportError(error: unknown): number {
  if (!isBucketsError(error)) {
    printError(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return exitCodes.failed;
  }
  printError(`${styled("red", `error [${error.code}]`)}: ${error.message}`);
  for (const hint of hintsOf(error)) printError(`  ${hint}`);
  return exitCodeOf(error.code);
}

function hintsOf({ code, details }: BucketsError): string[] {
  if (code === "LOCKED")
    return [`read it anyway:  bucketlog show <bucket> --file ${details["file"]}`];
  return typeof details["hint"] === "string" ? [details["hint"]] : [];
}

function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case "LOCKED":
      return exitCodes.locked;
    case "CONFLICT":
    case "ALREADY_EXISTS":
    case "PRECONDITION_FAILED":
    case "PRECONDITION_REQUIRED":
    case "BUCKET_LOCKED":
      return exitCodes.conflict;
    case "BAD_REQUEST":
    case "VALIDATION_FAILED":
      return exitCodes.usage;
    default:
      return exitCodes.failed;
  }
}
