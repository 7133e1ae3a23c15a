/** Runs one command line, in whatever process: what it needs of that comes in `io`. */
import { CommanderError } from "commander";
import { resolveAgo } from "./ago.js";
import { exitCodes, reportError } from "./output.js";
import { createProgram } from "./program.js";
import { type Io, Terminal } from "./terminal.js";

/**
 * @param argv what follows the name of the program.
 * @returns the exit code; errors were printed. Nothing is thrown.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const terminal = new Terminal(io);
  let code: number = exitCodes.ok;
  const program = createProgram(terminal, (ended) => {
    code = ended;
  });
  try {
    // What begins with a dash would be taken for an option.
    await program.parseAsync(argv.map(resolveAgo), { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(terminal, error);
    // Commander has printed it; asking for help or the version is no failure.
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
}
