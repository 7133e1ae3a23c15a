/** The result of a run, as it is kept in JSON, and the same as a table. */
import { z } from "zod";

const number = z.number().nullable();
const Spread = z.object({ median: number, low: number, high: number });
type Spread = z.infer<typeof Spread>;

const LineResult = Spread.extend({
  title: z.string(),
  unit: z.enum(["x", "ms", "µs", "per s", "bytes"]),
  better: z.enum(["more", "less"]),
  target: z.number().exactOptional(),
  hope: z.number().exactOptional(),
  /** The other build's, and this one's as a multiple of it, round by round. */
  against: Spread.exactOptional(),
  change: Spread.exactOptional(),
});
export type LineResult = z.infer<typeof LineResult>;

const BenchResult = z.object({
  name: z.string(),
  title: z.string(),
  /** The load average of the machine before and after. */
  load: z.tuple([z.number(), z.number()]),
  lines: z.array(LineResult),
  /** Every figure of everybody who was measured. */
  contenders: z.record(z.string(), z.record(z.string(), Spread)),
  /** Peers that are not installed, and how to install them. */
  left_out: z.array(z.object({ name: z.string(), how: z.string() })),
});
export type BenchResult = z.infer<typeof BenchResult>;

const TableResult = z.object({
  name: z.string(),
  title: z.string(),
  build: z.string(),
  load: z.tuple([z.number(), z.number()]),
  columns: z.array(z.string()),
  rows: z.array(z.array(z.union([z.string(), number]))),
  notes: z.array(z.string()),
});
export type TableResult = z.infer<typeof TableResult>;

export const RunResult = z.object({
  at: z.string(),
  quick: z.boolean(),
  rounds: z.number(),
  machine: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  versions: z.record(z.string(), z.string()),
  builds: z.record(z.string(), z.string()),
  benches: z.array(BenchResult),
  /** What the instruments saw. */
  tables: z.array(TableResult),
});
export type RunResult = z.infer<typeof RunResult>;

export function toText({ title, build, load, columns, rows, notes }: TableResult): string {
  const cells = [columns, ...rows].map((row) => row.map((cell) => String(cell ?? "?")));
  const head = `\n${title}, ${build} (load ${range(load)})`;
  return [head, ...inColumns(cells), ...notes.map((note) => `  ${note}`)].join("\n");
}

export function toTable(result: BenchResult, before?: RunResult): string {
  const earlier = before?.benches.find(({ name }) => name === result.name);
  const rows = result.lines.map((line) => cellsOf(line, earlier));
  const leftOut = result.left_out.map(({ name, how }) => `  ${name} is not installed: ${how}`);
  return [`\n${result.title} (load ${range(result.load)})`, ...inColumns(rows), ...leftOut].join(
    "\n",
  );
}

function range(loads: readonly number[]): string {
  return loads.map((load) => load.toFixed(1)).join(" to ");
}

function cellsOf(line: LineResult, earlier: BenchResult | undefined): string[] {
  const was = earlier?.lines.find(({ title }) => title === line.title);
  const { target, hope, against, change, unit } = line;
  return [
    line.title,
    withSpread(line, unit),
    ...(against === undefined ? [] : [`against ${withSpread(against, unit)}`]),
    ...(change === undefined ? [] : [`= ${withSpread(change, "x")}, ${verdict(line)}`]),
    ...(was === undefined ? [] : [`was ${withSpread(was, unit)}`]),
    target === undefined ? "" : `${isReached(line) ? "reached" : "MISSED"} ${target}`,
    hope === undefined ? "" : `hope ${hope}`,
  ];
}

function withSpread({ median, low, high }: Spread, unit: LineResult["unit"]): string {
  return `${short(median)}${unit === "x" ? "" : ` ${unit}`} (${short(low)} to ${short(high)})`;
}

function short(value: number | null): string {
  if (value === null || Number.isNaN(value)) return "?";
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function isReached({ median, target, better }: LineResult): boolean {
  if (median === null || target === undefined) return true;
  return better === "more" ? median >= target : median <= target;
}

/** Whether the new median lies within what the other build brought in its own rounds. */
function verdict({ median, against, change, better }: LineResult): string {
  if (median === null || against?.low == null || against.high === null) return "not measured";
  if (median >= against.low && median <= against.high) return "within its spread";
  const isOneSided = (change?.low ?? 0) > 1 || (change?.high ?? 2) < 1;
  if (!isOneSided) return "outside of it in some rounds only";
  return median > against.high === (better === "more") ? "better" : "WORSE";
}

function inColumns(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows.map((row) =>
    `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}`.trimEnd(),
  );
}
