/**
 * Runs the command line: in this process, which takes milliseconds, or as its user does, as
 * `dist/cli/main.js` in a process of its own, for what only that can show.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { run } from "../../src/cli/run.js";
import type { Io } from "../../src/cli/terminal.js";
import { openBuckets } from "../../src/index.js";

const bin = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bucketlog-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const clock = () => Date.parse("2026-10-01T12:00:00.000Z");

/** A file with one bucket of three versions; the store is closed. */
export async function makeFile(folder: string): Promise<string> {
  const file = join(folder, "buckets.db");
  await using store = await openBuckets({ file, actor: "ana", clock });
  const { buckets } = store.namespace();
  await buckets.create({ bucket_name: "videos", bucket_schema: { properties: {} } });
  await buckets.patch("videos", { description: "first" }, { reason: "a start" });
  await buckets.patch("videos", { description: "second" });
  return file;
}

/** Runs a command to its end, with `input` as its standard input. */
export async function bucketlog(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = "",
): Promise<Ran> {
  return await inProcess(args, { cwd: folder, env, stdin: Readable.from([input]) });
}

/** The same with somebody at a terminal, who types that. */
export async function bucketlogTyped(
  folder: string,
  args: readonly string[],
  typed: string,
): Promise<Ran> {
  const stdin = Object.assign(Readable.from([typed]), { isTTY: true });
  return await inProcess(args, { cwd: folder, env: {}, stdin });
}

/** The same with a terminal as its standard output. */
export async function bucketlogWatched(folder: string, args: readonly string[]): Promise<Ran> {
  const stdout = Object.assign(new Collected(), { isTTY: true });
  const env = { NO_COLOR: "1" };
  return await inProcess(args, { cwd: folder, env, stdin: Readable.from([]) }, stdout);
}

/** Runs a server until it is ready; `isWatched`, with a terminal as its standard error. */
export async function bucketlogServed(
  folder: string,
  args: readonly string[],
  { isWatched }: { readonly isWatched: boolean },
): Promise<Ran> {
  const stderr = Object.assign(new Collected(), { isTTY: isWatched });
  const io = { cwd: folder, env: { NO_COLOR: "1" }, stdin: Readable.from([]) };
  const serve = ["serve", "--port", "0", ...args];
  return await inProcess(serve, io, new Collected(), stderr, () => Promise.resolve());
}

async function inProcess(
  args: readonly string[],
  io: Pick<Io, "cwd" | "env" | "stdin">,
  stdout = new Collected(),
  stderr = new Collected(),
  untilStopped = () => new Promise<void>(() => {}),
): Promise<Ran> {
  const code = await run(args, { ...io, stdout, stderr, untilStopped });
  return { code, out: stdout.text, err: stderr.text };
}

class Collected extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk;
    done();
  }
}

/** Runs a command in a process of its own. */
export function bucketlogProcess(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return spawned(process.execPath, [bin, ...args], { cwd: folder, env, input: "" });
}

/** Runs a command in a process of its own on a terminal, where `typed` is typed. */
export function bucketlogOnTerminal(
  folder: string,
  args: readonly string[],
  typed: string,
): Promise<Ran> {
  const command = [process.execPath, bin, ...args].map((word) => `'${word}'`).join(" ");
  const options = { cwd: folder, env: { NO_COLOR: "1" }, input: typed };
  return spawned("script", ["--quiet", "--return", "--command", command, "/dev/null"], options);
}

/** Runs a command in a process of its own, whose output is read a little and then closed. */
export function bucketlogReadOnce(folder: string, args: readonly string[]): Promise<Ran> {
  const options = { cwd: folder, env: {}, input: "", readsOnce: true };
  return spawned(process.execPath, [bin, ...args], options);
}

interface SpawnOptions {
  readonly readsOnce?: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
}

function spawned(program: string, args: readonly string[], options: SpawnOptions): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    // A command that ends without reading it is no failure of the test.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input);
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (options.readsOnce === true) child.stdout.destroy();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    child.once("close", (code) => resolve({ code, out, err }));
  });
}
