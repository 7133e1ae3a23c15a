/** `disk.c`: built where there is a compiler, and told what to do by a file that both map. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("./disk.c", import.meta.url));

/** @returns the library to preload; undefined where there is no C compiler, or no Linux. */
export function buildDisk(folder: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  const library = join(folder, "disk.so");
  const flags = ["-O2", "-shared", "-fPIC", "-o", library, source, "-lpthread"];
  const built = spawnSync("cc", flags, { encoding: "utf8" });
  if (built.error !== undefined) return undefined;
  if (built.status !== 0) throw new Error(`disk.c does not compile:\n${built.stderr}`);
  return library;
}

// In step with the enums of disk.c.
const calls = { write: 1, sync: 2, open: 3, truncate: 4, read: 5, name: 6 } as const;
const targets = { any: 0, database: 1, wal: 2, blobs: 3, beside: 4 } as const;

export type Call = keyof typeof calls;
export type Target = keyof typeof targets;
export const allCalls = Object.keys(calls).filter((name): name is Call => name in calls);

const errors = {
  EIO: constants.errno.EIO,
  ENOSPC: constants.errno.ENOSPC,
  EMFILE: constants.errno.EMFILE,
  EROFS: constants.errno.EROFS,
  EACCES: constants.errno.EACCES,
  EDQUOT: constants.errno.EDQUOT,
  /** No error: only half of what was to be written is. */
  SHORT: 0,
} as const;

export type Fault = keyof typeof errors;

export interface Trouble {
  readonly call: Call;
  readonly target: Target;
  readonly fault: Fault;
  /** How many calls pass first. */
  readonly after: number;
  /** How many fail then. */
  readonly count: number;
}

const words = 8;
const hitsAt = 5;

/** The file of `struct control`. */
export class Control implements Disposable {
  readonly #descriptor: number;

  constructor(readonly file: string) {
    this.#descriptor = openSync(file, "w+", 0o600);
    writeSync(this.#descriptor, Buffer.alloc(4 * words), 0, 4 * words, 0);
  }

  begin({ call, target, fault, after, count }: Trouble): void {
    // The call comes last: until it is there, nothing fails.
    this.#write(0, 0);
    for (const [at, word] of [targets[target], errors[fault], after, count, 0].entries()) {
      this.#write(at + 1, word);
    }
    this.#write(0, calls[call]);
  }

  end(): void {
    this.#write(0, 0);
  }

  /** How many calls have failed since `begin`. */
  hits(): number {
    const word = Buffer.alloc(4);
    readSync(this.#descriptor, word, 0, 4, 4 * hitsAt);
    return word.readUInt32LE();
  }

  /** How far the clock is ahead of the true one, milliseconds; behind it, where negative. */
  setClock(aheadMs: number): void {
    const value = Buffer.alloc(8);
    value.writeBigInt64LE(BigInt(aheadMs));
    writeSync(this.#descriptor, value, 0, 8, 4 * (hitsAt + 1));
  }

  #write(at: number, word: number): void {
    const value = Buffer.alloc(4);
    value.writeUInt32LE(word);
    writeSync(this.#descriptor, value, 0, 4, 4 * at);
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}

export interface Preload {
  readonly library: string;
  /** What is below it is recorded and made to fail. */
  readonly root: string;
  readonly record?: string;
  readonly control?: string;
}

/** The environment of a program whose files are stood in front of. */
export function preloaded({ library, root, record, control }: Preload): NodeJS.ProcessEnv {
  return {
    LD_PRELOAD: library,
    TORTURE_ROOT: root,
    ...(record !== undefined && { TORTURE_RECORD: record }),
    ...(control !== undefined && { TORTURE_CONTROL: control }),
    // Files that are copied or written through rings inside of the kernel would not be seen.
    UV_USE_IO_URING: "0",
  };
}
