/** Runs the built command line as its user does: `dist/cli/main.js` in plain Node. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
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
export function bucketlog(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = "",
): Promise<Ran> {
  return run(process.execPath, [bin, ...args], { cwd: folder, env, input });
}

/** Runs a command on a terminal, where `typed` is typed. */
export function bucketlogOnTerminal(
  folder: string,
  args: readonly string[],
  typed: string,
): Promise<Ran> {
  const command = [process.execPath, bin, ...args].map((word) => `'${word}'`).join(" ");
  const options = { cwd: folder, env: { NO_COLOR: "1" }, input: typed };
  return run("script", ["--quiet", "--return", "--command", command, "/dev/null"], options);
}

/** Runs a command whose output is read a little and then closed, as `head` does. */
export function bucketlogReadOnce(folder: string, args: readonly string[]): Promise<Ran> {
  const options = { cwd: folder, env: {}, input: "", readsOnce: true };
  return run(process.execPath, [bin, ...args], options);
}

interface RunOptions {
  readonly readsOnce?: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
}

function run(program: string, args: readonly string[], options: RunOptions): Promise<Ran> {
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
