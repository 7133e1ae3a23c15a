/**
 * Why a server did not start, as a line of its log: where no person looks on, there is nothing on stderr
 * but JSON.
 */
import { isBucketsError } from "../domain/errors.js";
import { exitCodeOf, exitCodes, hintOf } from "./output.js";
import type { Terminal } from "./terminal.js";

/** That of pino. */
const fatal = 60;

export function tellsInJson({ io }: Terminal): boolean {
  return io.stderr.isTTY !== true;
}

/** @returns how the process must exit. */
export function logStartError(terminal: Terminal, error: unknown): number {
  if (isBucketsError(error)) {
    const { code, message } = error;
    write(terminal, { code, details: { ...error.details, hint: hintOf(error) }, msg: message });
    return exitCodeOf(code);
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  // What the system refuses is told in a line; what may be a bug of ours with its stack.
  const isOfSystem = error instanceof Error && "syscall" in error;
  write(terminal, { ...(!isOfSystem && { stack }), msg: message });
  return exitCodes.failed;
}

/** A command line that does not fit. */
export function logUsageError(terminal: Terminal, text: string): void {
  write(terminal, { msg: text.trim() });
}

function write({ io }: Terminal, what: object): void {
  io.stderr.write(`${JSON.stringify({ level: fatal, time: Date.now(), ...what })}\n`);
}
