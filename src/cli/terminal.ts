/**
 * All that a command may touch of the process that it runs in, and how it prints there. Whoever
 * runs a command gives it: `main.ts` the process itself, a test streams of its own.
 */
import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { styleText } from "node:util";
import { jsonLine, Line, line, type Printed } from "./line.js";

export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths begin at. */
  readonly cwd: string;
  /** Resolves when the command is told to stop. Not asking leaves that to the system. */
  readonly untilStopped: () => Promise<void>;
}

type Style = Parameters<typeof styleText>[0];

/** Prints output for people and programs, and what else there is to say on stderr. */
export class Terminal {
  readonly io: Io;

  constructor(io: Io) {
    this.io = io;
  }

  readonly print = (line: Line): void => {
    this.io.stdout.write(`${line.text}\n`);
  };

  readonly printError = (line: Line): void => {
    this.io.stderr.write(`${line.text}\n`);
  };

  /** Indented for people, on one line for programs. */
  printJson(value: unknown, { json }: { readonly json: boolean }): void {
    this.print(jsonLine(value, json ? undefined : 2));
  }

  /** Colour for people: only on a terminal, and not where NO_COLOR asks for none. */
  styled(style: Style, value: Printed): Line {
    const plain = line`${value}`;
    const wantsColour = this.io.stdout.isTTY === true && !this.io.env["NO_COLOR"];
    if (!wantsColour) return plain;
    return new Line(styleText(style, plain.text, { validateStream: false }));
  }

  /** Prints progress over itself, on a terminal only. */
  readonly printProgress = ({ done, total }: { done: number; total: number }): void =>
    this.printOver(line`${done} of ${total} events`);

  printOver(told: Line): void {
    if (this.io.stderr.isTTY === true) this.io.stderr.write(`\r\u001b[K${told.text}`);
  }

  endProgress(): void {
    if (this.io.stderr.isTTY === true) this.io.stderr.write("\r\u001b[K");
  }

  /** The path of a file that was named on the command line or in the environment. */
  readonly path = (file: string): string => resolve(this.io.cwd, file);
}
