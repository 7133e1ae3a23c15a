/** The chart of a result: one bar for each line that has a target, drawn from the JSON alone. */
import { isReached, type LineResult, type RunResult } from "./result.js";

const width = 860;
const rowHeight = 26;
const labelWidth = 410;
const barWidth = 280;
const headHeight = 46;

export function toChart(result: RunResult): string {
  const lines = result.benches.flatMap((bench) =>
    bench.lines.filter(({ target, median }) => target !== undefined && median !== null),
  );
  const height = headHeight + lines.length * rowHeight + 30;
  const { cpu = "", cores = "" } = result.machine;
  const foot = `${cpu}, ${cores} cores; Node ${result.versions["node"] ?? ""}; medians of ${result.rounds}, whiskers from least to greatest`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img">
<title>What bucketlog reaches of what is asked of it</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="16" y="24" font-size="15" font-weight="600">Reached, as a share of the aim (the line at 1)</text>
${lines.map((line, row) => bar(line, headHeight + row * rowHeight)).join("\n")}
<line x1="${x(1)}" x2="${x(1)}" y1="${headHeight - 8}" y2="${height - 28}" stroke="#444444" stroke-dasharray="3 3"/>
<text x="16" y="${height - 10}" fill="#555555">${escaped(foot)}</text>
</svg>
`;
}

/** Of a share of the aim; twice the aim is the end of the paper. */
function x(share: number): number {
  return Math.round(labelWidth + (Math.min(Math.max(share, 0), 2) * barWidth) / 2);
}

function bar(line: LineResult, y: number): string {
  const { title, unit, median } = line;
  const shares = [line.low, line.high]
    .map((value) => x(shareOf(line, value)))
    .sort((a, b) => a - b);
  const [low = 0, high = 0] = shares;
  const middle = y + rowHeight / 2;
  const end = x(shareOf(line, median));
  const fill = isReached(line) ? "#2e7d32" : "#b26a00";
  const value = `${Number((median ?? 0).toPrecision(3))}${unit === "x" ? "×" : ` ${unit}`}`;
  const aim = `${line.better === "more" ? "≥" : "≤"} ${line.target}`;
  return [
    `<text x="${labelWidth - 10}" y="${middle + 4}" text-anchor="end">${escaped(title)}</text>`,
    `<rect x="${labelWidth}" y="${y + 5}" width="${Math.max(1, end - labelWidth)}" height="${rowHeight - 10}" fill="${fill}"/>`,
    `<line x1="${low}" x2="${high}" y1="${middle}" y2="${middle}" stroke="#000000"/>`,
    `<text x="${labelWidth + barWidth + 14}" y="${middle + 4}">${escaped(`${value} (${aim})`)}</text>`,
  ].join("");
}

function shareOf({ better, target = 1 }: LineResult, value: number | null): number {
  if (value === null) return 0;
  return better === "more" ? value / target : target / value;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
