/**
 * What survives, and what it costs: a process that is killed while it writes, a disk that takes no
 * more, and content that is larger than the memory it may use. Each in a process of its own.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { FileBlobStore } from "../../src/blobstore/file/blob-store.js";
import { temporaryFolder } from "../support/backends.js";
import { deepTest } from "../support/depth.js";
import { graceMs } from "./contract.js";

const script = fileURLToPath(new URL("./process.ts", import.meta.url));
const mebibyte = 1024 * 1024;

function start(command: readonly string[], ...work: string[]): ChildProcess {
  const [program = "", ...args] = [...command, process.execPath, "--expose-gc", "--import", "tsx"];
  const child = spawn(program, [...args, script, ...work], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

async function firstLine({ stdout }: ChildProcess): Promise<unknown> {
  if (stdout === null) throw new Error("the process has no output");
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line);
  throw new Error("the process said nothing");
}

test("a process that is killed while it writes leaves a part, which the collection removes", async () => {
  const folder = join(temporaryFolder(), "blobs");
  const child = start([], folder, "half");
  expect(await firstLine(child)).toBe("written");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^[0-9a-f-]{36}\.part$/)]);

  const store = new FileBlobStore(folder, Date.now);
  const findReferenced = async () => new Set<string>();
  const report = await store.collect({ findReferenced, graceMs });
  expect(report).toEqual({ kept: 0, removed: 0, abandoned: 1, bytesFreed: mebibyte });
  expect(readdirSync(folder)).toEqual([]);
});

deepTest("64 MiB take no more memory to write and to read than 4", async () => {
  const folder = join(temporaryFolder(), "blobs");
  const { grown, written, read } = Object(await firstLine(start([], folder, "flat", "64")));
  expect([written, read]).toEqual([64 * mebibyte, 64 * mebibyte]);
  expect(grown).toBeLessThan(24 * mebibyte);
});

const hasPrlimit = spawnSync("prlimit", ["--version"]).status === 0;
const canMount = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

describe("a write that the disk has no room for is refused, and leaves the room to others", () => {
  const outcome = { refused: "STORAGE_FULL", sizeBytes: 5 };

  test.skipIf(!hasPrlimit)("by the largest size of a file (needs prlimit)", async () => {
    const folder = join(temporaryFolder(), "blobs");
    const child = start(["prlimit", `--fsize=${2 * mebibyte}`], folder, "full");
    expect(await firstLine(child)).toEqual(outcome);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test.skipIf(!canMount)("by the size of the disk (needs a user namespace)", async () => {
    const folder = temporaryFolder();
    const mount = `mount -t tmpfs -o size=2m none "${folder}" && exec "$@"`;
    const command = ["unshare", "-rm", "sh", "-c", mount, "sh"];
    const child = start(command, join(folder, "blobs"), "full");
    expect(await firstLine(child)).toEqual(outcome);
  });
});
