/**
 * A short, seeded run of each part of the torture that needs neither a compiler nor a steady clock; in
 * the deep run also of those that need a compiler, where there is one.
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/backends.js";
import { depth, isDeep } from "../support/depth.js";
import { Random } from "../support/random.js";
import { buildDisk } from "./native/disk.js";
import type { Part } from "./part.js";
import { kills } from "./parts/kills.js";
import { fullPowerLoss } from "./parts/power-loss.js";

const seed = 20_261_129;

async function faultsOf(part: Part, count: number): Promise<readonly string[]> {
  const folder = temporaryFolder();
  const own = join(folder, part.name);
  mkdirSync(own);
  const disk = buildDisk(folder);
  const random = new Random(seed).fork(part.name);
  const dist = resolve("dist");
  const { faults } = await part.run({
    dist,
    folder: own,
    random,
    disk,
    count,
    isOver: () => false,
    say: () => {},
  });
  return faults;
}

test("a service that is killed again and again keeps what it said", async () => {
  expect(await faultsOf(kills, depth({ smoke: 1, deep: 10 }))).toEqual([]);
}, 300_000);

test.runIf(isDeep)(
  "what a power cut may leave behind holds what was acknowledged",
  async () => {
    expect(await faultsOf(fullPowerLoss, 60)).toEqual([]);
  },
  300_000,
);
