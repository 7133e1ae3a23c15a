/**
 * Goal: however often a log is killed while it signs, all that it ever showed is one history. Method:
 * processes that are killed as soon as the file of the last note changes, which is between that file
 * and the note; then every note, shown or kept, is held to the log as it is at the end.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { watch } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { openBuckets } from "../../src/index.js";
import { openCheckpoint } from "../../src/proofs/index.js";
import { parseSigner } from "../../src/proofs/note.js";
import { temporaryFile } from "../support/backends.js";
import { depth } from "../support/depth.js";

const script = fileURLToPath(new URL("../support/signing-child.ts", import.meta.url));

/** @returns what it showed until the file of its last note had changed so often, and it was killed. */
async function killedWhileSigning(file: string, changes: number): Promise<string[]> {
  const leave = new AbortController();
  const changed = watch(dirname(file), { signal: leave.signal });
  const child = spawn(process.execPath, ["--import", "tsx", script, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const shown: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    shown.push(z.string().parse(JSON.parse(line)));
  });
  const closed = once(child, "close");
  let seen = 0;
  for await (const { filename } of changed) {
    if (filename === `${basename(file)}.sign.state`) seen += 1;
    if (seen >= changes) break;
  }
  leave.abort();
  child.kill("SIGKILL");
  await closed;
  return shown;
}

test("all that was ever signed is one history, though it was killed between state file and note", async () => {
  const file = temporaryFile();
  const notes = new Set<string>();
  const rounds = depth({ smoke: 2, deep: 100 });
  for (let round = 0; round < rounds; round += 1) {
    for (const note of await killedWhileSigning(file, 1 + (round % 4))) notes.add(note);
    notes.add(readFileSync(`${file}.sign.state`, "utf8"));
  }
  await using store = await openBuckets({ file });
  const { note: last, size: end } = await store.proofs.sign();
  notes.add(last);
  const known = [parseSigner(readFileSync(`${file}.sign`, "utf8").trim()).verifier];
  expect(notes.size).toBeGreaterThan(rounds);
  const sizes = new Map<number, string>();
  for (const note of notes) {
    const { size, root } = openCheckpoint(note, known);
    const hex = Buffer.from(root).toString("hex");
    // Those of one size, in pairs; those of two, by way of the log that both begin.
    expect(sizes.get(size) ?? hex).toBe(hex);
    sizes.set(size, hex);
    const { from_root: isIn } = await store.proofs.consistency({ from: size, to: end });
    expect(isIn).toBe(hex);
  }
  expect(await store.verify()).toMatchObject({ ok: true });
}, 1_200_000);
