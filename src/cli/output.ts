/** What the command line prints, and what its exit codes mean. */
import { styleText } from "node:util";
import type { DiffField } from "../domain/diff-formats.js";
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

/** Indented for people, on one line for programs. */
export function printJson(value: unknown, { json }: { readonly json: boolean }): void {
  print(JSON.stringify(value, null, json ? undefined : 2));
}

export function printError(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Colour for people: only on a terminal, and not where NO_COLOR asks for none. */
export function styled(style: Style, text: string): string {
  const wantsColour = process.stdout.isTTY === true && !process.env["NO_COLOR"];
  return wantsColour ? styleText(style, text) : text;
}

/** What became of one place of the document; every change is such a field. */
export function changeLine({ path, was, value }: DiffField): string {
  if (was === undefined) return `${styled("green", "+")} ${path}  ${JSON.stringify(value)}`;
  if (value === undefined) return `${styled("red", "-")} ${path}  ${JSON.stringify(was)}`;
  return `${styled("yellow", "~")} ${path}  ${JSON.stringify(was)} → ${JSON.stringify(value)}`;
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
  const hint = hintOf(error);
  if (hint !== undefined) printError(`  ${hint}`);
  return exitCodeOf(error.code);
}

/** At most one; those of a server speak of headers, and there are none here. */
function hintOf({ code, details }: BucketsError): string | undefined {
  const { hint, file, current_version: current } = details;
  if (code === "PRECONDITION_FAILED" && current !== undefined) {
    return `read it, and if your change still fits:  --if-version ${current}`;
  }
  if (typeof hint === "string") return hint;
  if (code === "LOCKED") return `read it anyway:  bucketlog show <bucket> --file ${file}`;
  if (code === "UNAUTHORIZED") return "give a token of the server:  --token or BUCKETLOG_TOKEN";
  return undefined;
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
