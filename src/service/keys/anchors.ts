/** Places outside of the store where a checkpoint is noted, so that whoever owns the store cannot take it back. */
import { type ChildProcess, spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { BucketsError } from "../../domain/errors.js";
import { clearTimeout, setTimeout } from "../../timers.js";

/** What is noted. */
interface NotedCheckpoint {
  readonly size: number;
  /** As hex. */
  readonly root: string;
  readonly note: string;
}

/** One of them; its name is the one under which its receipts are kept. */
export interface AnchorPlace {
  readonly kind: "file" | "command";
  readonly name: string;
  /** @returns the receipt, if there is one. @throws what kept it from being noted. */
  note(checkpoint: NotedCheckpoint): Promise<Uint8Array | null>;
}

const commandMs = 30_000;
const receiptBytesMax = 64 * 1024;

/** A file on another disk, or one that can only be appended to: each note behind the one before. */
export function anchorFile(path: string): AnchorPlace {
  return {
    kind: "file",
    name: basename(path),
    note: async ({ note }) => {
      await using handle = await open(path, "a", 0o600);
      await handle.appendFile(`${note}\n`);
      await handle.sync();
      return null;
    },
  };
}

/**
 * A program, run without a shell and without arguments: the note is its standard input, size and root
 * are in `BUCKETLOG_SIZE` and `BUCKETLOG_ROOT`, and what it prints is the receipt. It sees no other
 * variable of ours, as there are secrets among them.
 */
export function anchorCommand(program: string): AnchorPlace {
  return {
    kind: "command",
    name: basename(program),
    note: (checkpoint) => run(program, checkpoint),
  };
}

function run(program: string, { size, root, note }: NotedCheckpoint): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [], {
      env: { ...environment(), BUCKETLOG_SIZE: String(size), BUCKETLOG_ROOT: root },
      stdio: ["pipe", "pipe", "ignore"],
      // A group of its own, so that what it has started ends with it.
      detached: process.platform !== "win32",
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    const giveUp = (why: string) => {
      clearTimeout(late);
      reject(failed(program, why));
      child.stdout.destroy();
      killAll(child);
    };
    const late = setTimeout(() => giveUp(`it took more than ${commandMs} ms`), commandMs);
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= receiptBytesMax) chunks.push(chunk);
      else giveUp(`its receipt has more than ${receiptBytesMax} bytes`);
    });
    child.once("error", (error) => giveUp(error.message));
    child.once("close", (code) => {
      clearTimeout(late);
      if (code === 0) resolve(new Uint8Array(Buffer.concat(chunks)));
      else reject(failed(program, code === null ? "it was stopped" : `it exited with ${code}`));
    });
    // One that ends without reading it has its exit code to say so.
    child.stdin.on("error", () => {});
    child.stdin.end(note);
  });
}

function killAll({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function environment(): Readonly<Record<string, string | undefined>> {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("BUCKETLOG_"));
  return Object.fromEntries(others);
}

function failed(program: string, why: string): BucketsError {
  return new BucketsError(
    "UNREACHABLE",
    `${basename(program)} has not noted the checkpoint: ${why}.`,
  );
}
