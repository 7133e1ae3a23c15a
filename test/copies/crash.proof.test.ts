/**
 * Goal: what has the name of a backup is one, whenever the process that takes it is killed. Method: a
 * process that writes and replaces a backup again and again; each that is left becomes a store.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { watch } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { restoreBackup } from "../../src/index.js";
import { temporaryFile, temporaryFolder } from "../support/backends.js";
import { depth } from "../support/depth.js";

const script = fileURLToPath(new URL("../support/backup-child.ts", import.meta.url));

/** Kills it at a moment after a backup was taken. @returns once it is gone. */
async function killAmidst(
  file: string,
  folder: string,
  moment: () => Promise<unknown>,
): Promise<void> {
  const child = spawn(process.execPath, ["--import", "tsx", script, file, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const gone = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (let told = ""; told !== "copied"; ) told = String((await lines.next()).value);
  await moment();
  child.kill("SIGKILL");
  await gone;
}

/** When a backup has taken the place of another, which is removed now. */
async function replaced(folder: string): Promise<void> {
  for await (const { filename } of watch(folder)) {
    if (filename?.includes(".replaced-") === true) return;
  }
}

/** From 2 s each to some 15, by the machine. */
const allKillsMs = 3_600_000;

test(
  "every folder with the name of a backup becomes a store, wherever its taking was cut",
  async () => {
    const file = temporaryFile();
    const folder = join(temporaryFolder(), "backups");
    mkdirSync(folder);
    for (let kill = 0; kill < depth({ smoke: 1, deep: 50 }); kill += 1) {
      const moments = [() => pause((kill * 37) % 900), () => replaced(folder)];
      for (const moment of moments) await killAmidst(file, folder, moment);
      const whole = readdirSync(folder).filter((name) => !name.includes(".partial-"));
      expect(whole.length).toBeGreaterThan(0);
      for (const name of whole) {
        const { position } = await restoreBackup(join(folder, name), temporaryFile());
        expect(position).toBeGreaterThan(0);
      }
    }
  },
  allKillsMs,
);
