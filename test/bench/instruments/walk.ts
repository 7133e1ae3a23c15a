/**
 * The way of one PATCH through the files: an instrumented copy of the build serves it, and says which
 * files it entered, how often it moved from file to file, how often it climbed back up, and what it
 * made on the way.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Instrument } from "../instrument.js";
import { Worker } from "../processes.js";
import { WalkReport } from "./walk-counter.js";
import { instrumented } from "./walk-probes.js";

export const walk: Instrument = {
  name: "walk",
  title: "The way of one PATCH through the files",
  look: async (setup, dist) => {
    const copy = instrument(dist, resolve(setup.path("walk")));
    const report = setup.path("walk.json");
    const worker = new Worker("walked.ts", copy, report, resolve(setup.path("store.db")));
    await worker.ask("walk");
    await worker.stop();
    return toTable(WalkReport.parse(JSON.parse(readFileSync(report, "utf8"))));
  },
};

/** A copy of the build with probes, beside what it needs; where it lies. */
function instrument(dist: string, folder: string): string {
  const copy = join(folder, "dist");
  for (const path of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".js")) continue;
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), instrumented(readFileSync(join(dist, path), "utf8"), path));
  }
  for (const beside of ["migrations", "data", "package.json"]) {
    cpSync(join(dirname(resolve(dist)), beside), join(folder, beside), { recursive: true });
  }
  return copy;
}

function toTable(report: WalkReport) {
  const instances = Object.entries(report.instances).sort(([, a], [, b]) => b - a);
  const made = instances.map(([name, count]) => `${name} ${count}`).join(", ");
  return {
    columns: ["of one PATCH", "count"],
    rows: [
      ["files entered", report.files.length],
      ["functions called", report.calls],
      ["moves between files", report.moves],
      ["of these, climbs to a higher layer", report.climbs],
      ["calls from file to file", report.crossings],
      ["of these, back into a file among the callers", sum(report.returns)],
      ["of these, against the direction of imports", sum(report.upward)],
      ["entries from the event loop or a library", report.entries],
      ["instances made (new)", sum(report.instances)],
      ["object literals made", report.objects],
      ["arrays made", report.arrays],
      ["closures made", report.closures],
    ],
    notes: [
      `Made with new: ${made}.`,
      `Files, in the order of being entered: ${report.files.join(" ")}.`,
      ...Object.entries(report.returns).map(([way, count]) => `Back: ${way}, ${count} times.`),
      ...Object.entries(report.upward).map(([way, count]) => `Against: ${way}, ${count} times.`),
    ],
  };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
