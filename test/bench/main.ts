/**
 * `npm run bench`: measures this build beside its floors and peers, prints the lines, and writes them
 * to `.bench/result.json` and `.bench/chart.svg`. See README.md beside it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Bench } from "./bench.js";
import { get, patch, patchAlone } from "./benches/http.js";
import {
  asOf,
  asOfList,
  disk,
  embedded,
  embeddedAlone,
  lists,
  objects,
  ofTheLog,
} from "./benches/library.js";
import { start } from "./benches/start.js";
import { toChart } from "./chart.js";
import type { Instrument } from "./instrument.js";
import { blocking } from "./instruments/blocking.js";
import { copies } from "./instruments/copies.js";
import { memory } from "./instruments/memory.js";
import { profile } from "./instruments/profile.js";
import { proofs } from "./instruments/proofs.js";
import { upkeep } from "./instruments/upkeep.js";
import { walk } from "./instruments/walk.js";
import { describeMachine, load, pinSelf } from "./machine.js";
import { type Builds, measure } from "./measure.js";
import { RunResult, type TableResult, toTable, toText } from "./result.js";
import { createSetup, type Setup } from "./setup.js";
import { describeVersions } from "./versions.js";

const benches: readonly Bench[] = [
  patch,
  patchAlone,
  get,
  embedded,
  embeddedAlone,
  objects,
  ...ofTheLog,
  disk,
  asOf,
  asOfList,
  lists,
  start,
];

/** Only when they are asked for by name. */
const instruments: readonly Instrument[] = [
  profile,
  walk,
  blocking,
  memory,
  copies,
  proofs,
  upkeep,
];

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    dist: { type: "string", default: "dist" },
    against: { type: "string" },
    compare: { type: "string" },
    out: { type: "string", default: ".bench/result" },
  },
});

assertKnown(positionals);
const before = flags.compare === undefined ? undefined : readResult(flags.compare);
const builds: Builds = {
  this: flags.dist,
  ...(flags.against !== undefined && { against: flags.against }),
};
pinSelf();
using setup = createSetup(flags.quick);
await run(setup);

function assertKnown(names: readonly string[]): void {
  const known = [...benches, ...instruments].map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  console.error(`There is no bench "${unknown}": use ${known.join(", ")}.`);
  process.exit(2);
}

function readResult(file: string): RunResult {
  return RunResult.parse(JSON.parse(readFileSync(file, "utf8")));
}

async function run(asked: Setup): Promise<void> {
  const result: RunResult = {
    at: new Date().toISOString(),
    quick: asked.quick,
    rounds: asked.rounds,
    machine: describeMachine(),
    versions: describeVersions(),
    builds: { ...builds },
    benches: [],
    tables: [],
  };
  if (!result.machine["pinned"]) console.log("Everything shares the cores: taskset is missing.");
  const isAsked = ({ name }: { readonly name: string }) => positionals.includes(name);
  for (const bench of positionals.length === 0 ? benches : benches.filter(isAsked)) {
    await orSay(bench.name, async () => {
      const measured = await measure(bench, builds, asked);
      result.benches.push(measured);
      console.log(toTable(measured, before));
      write(result);
    });
  }
  for (const instrument of instruments.filter(isAsked)) {
    for (const dist of Object.values(builds)) {
      await orSay(instrument.name, async () => {
        const table = await look(instrument, asked, dist);
        result.tables.push(table);
        console.log(toText(table));
        write(result);
      });
    }
  }
  console.log(`\n${flags.out}.json${result.benches.length === 0 ? "" : `  ${flags.out}.svg`}`);
}

/** One that fails does not take the others with it, but the run has failed. */
async function orSay(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.exitCode = 1;
    console.error(`\n${name} failed:`, error);
  }
}

async function look(instrument: Instrument, asked: Setup, dist: string): Promise<TableResult> {
  const { name, title } = instrument;
  const began = load();
  const { columns, rows, notes } = await instrument.look(asked, dist);
  return {
    name,
    title,
    build: dist,
    load: [began, load()],
    columns: [...columns],
    rows: rows.map((row) => [...row]),
    notes: [...notes],
  };
}

/** After each, so that a run that is cut short has shown something. */
function write(result: RunResult): void {
  writeFileSync(`${flags.out}.json`, `${JSON.stringify(result, null, 1)}\n`);
  if (result.benches.length > 0) writeFileSync(`${flags.out}.svg`, toChart(result));
}
