/** `REPORT.md`: what the runs found, made by them. Runs with other seeds are added up. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Part, Result } from "./part.js";

const Run = z.object({
  at: z.string(),
  seed: z.number(),
  commit: z.string(),
  part: z.string(),
  seconds: z.number(),
  /** Why it tried less than it was to. */
  cut_short: z.string().optional(),
  figures: z.record(z.string(), z.union([z.number(), z.string()])),
  faults: z.array(z.string()),
  skipped: z.string().optional(),
});
export type Run = z.infer<typeof Run>;

const report = fileURLToPath(new URL("./REPORT.md", import.meta.url));
const begin = "<!-- runs\n";
const end = "\n-->";

/** The runs that the report is made of: they lie in it, so that the next one can be added. */
export function readRuns(): Run[] {
  if (!existsSync(report)) return [];
  const text = readFileSync(report, "utf8");
  const from = text.indexOf(begin);
  if (from === -1) return [];
  const lines = text.slice(from + begin.length, text.indexOf(end, from)).split("\n");
  return lines.filter((line) => line !== "").map((line) => Run.parse(JSON.parse(line)));
}

/** @param folder of the run, which is another each time: faults name their files below it. */
export function toRun(
  part: Part,
  result: Result,
  about: Pick<Run, "at" | "seed" | "commit" | "seconds" | "cut_short">,
  folder: string,
): Run {
  const { figures, faults, skipped } = result;
  return {
    ...about,
    part: part.name,
    figures: { ...figures },
    faults: faults.map((fault) => fault.replaceAll(`${folder}/`, "")),
    ...(skipped !== undefined && { skipped }),
  };
}

/** @param versions of what was tried and of what it runs on. */
export function writeReport(
  parts: readonly Part[],
  runs: readonly Run[],
  versions: Readonly<Record<string, string>>,
): void {
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? "unknown"})`;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const lines = [
    "# What was done to it, and what it kept",
    "",
    "Made by `npm run torture` (see README.md beside it). Each line adds up the runs that are listed",
    "below it; a fault is named, and fails the run.",
    "",
    `Machine: ${machine}, ${memory}, ${process.platform} ${release()}.`,
    `Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}.`,
    "",
    ...parts.flatMap((part) => sectionOf(part, runs)),
    begin.trimEnd(),
    ...runs.map((run) => JSON.stringify(run)),
    end.trim(),
    "",
  ];
  writeFileSync(report, lines.join("\n"));
}

function sectionOf(part: Part, runs: readonly Run[]): string[] {
  const own = runs.filter((run) => run.part === part.name && run.skipped === undefined);
  if (own.length === 0) return [`## ${part.name}`, "", part.title, "", "Not run yet.", ""];
  const names = [...new Set(own.flatMap(({ figures }) => Object.keys(figures)))];
  const faults = own.flatMap((run) => run.faults);
  return [
    `## ${part.name}`,
    "",
    part.title,
    "",
    "| what | in all |",
    "| --- | ---: |",
    ...names.map((name) => `| ${name} | ${total(name, own)} |`),
    "",
    faults.length === 0 ? "Nothing was wrong." : "**Wrong:**",
    ...(faults.length === 0 ? [] : ["", ...faults.slice(0, 20).map((fault) => `- ${fault}`)]),
    "",
    ...own.map(
      ({ at, seed, commit, seconds, cut_short }) =>
        `- ${at}: seed ${seed}, commit ${commit}, ${seconds} s${cut_short === undefined ? "" : `; ${cut_short}`}`,
    ),
    "",
  ];
}

/** Counts are added up; what is the longest or the most of something is the greatest. */
function total(name: string, runs: readonly Run[]): string {
  const values = runs.map(({ figures }) => figures[name]).filter((value) => value !== undefined);
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length < values.length) return values.join("; ");
  if (/^(longest|most|memory|clients)/.test(name)) return String(Math.max(...numbers));
  return String(numbers.reduce((sum, value) => sum + value, 0));
}
