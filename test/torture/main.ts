/**
 * `npm run torture`: what can happen to a store happens to it, and what it said before must hold. See
 * README.md beside it.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { describeVersions } from "../bench/versions.js";
import { Random } from "../support/random.js";
import { buildDisk } from "./native/disk.js";
import { parts } from "./parts.js";
import { readRuns, toRun, writeReport } from "./report.js";
import { TimeLimit } from "./time-limit.js";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    smoke: { type: "boolean", default: false },
    count: { type: "string" },
    minutes: { type: "string" },
    dist: { type: "string", default: "dist" },
    report: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
  },
});

const known = parts.map(({ name }) => name);
const unknown = positionals.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`There is no part "${unknown}": use ${known.join(", ")}.`);
  process.exit(2);
}

const seed = Number(flags.seed ?? Math.floor(Math.random() * 2 ** 32));
const folder = mkdtempSync(join(tmpdir(), "bucketlog-torture-"));
const disk = buildDisk(folder);
const versions = describeVersions();

for (const part of parts) {
  if (positionals.length > 0 && !positionals.includes(part.name)) continue;
  const count = Number(flags.count ?? (flags.smoke ? part.smoke : part.full));
  console.log(`${part.name}: ${count} ${part.unit}, seed ${seed}`);
  const began = performance.now();
  const minutes = Number(flags.minutes ?? Number.POSITIVE_INFINITY);
  const limit = new TimeLimit(minutes);
  const own = join(folder, part.name);
  mkdirSync(own);
  const result = await part.run({
    dist: resolve(flags.dist),
    folder: own,
    random: new Random(seed).fork(part.name),
    disk,
    count,
    isOver: limit.isOver,
    say: (text) => console.log(`  ${text}`),
  });
  const run = toRun(
    part,
    result,
    {
      at: new Date().toISOString(),
      seed,
      commit: versions["commit"] ?? "unknown",
      ...(limit.hasEnded && {
        cut_short: `${minutes} minutes were over before ${count} ${part.unit}`,
      }),
      seconds: Math.round((performance.now() - began) / 1_000),
    },
    folder,
  );
  for (const [name, value] of Object.entries(run.figures)) console.log(`  ${name}: ${value}`);
  if (run.skipped !== undefined) console.log(`  not run: ${run.skipped}`);
  for (const fault of run.faults) console.log(`  WRONG: ${fault}`);
  if (run.faults.length > 0) process.exitCode = 1;
  if (flags.report) writeReport(parts, [...readRuns(), run], versions);
}
if (flags.keep) console.log(`kept in ${folder}`);
else rmSync(folder, { recursive: true, force: true });
