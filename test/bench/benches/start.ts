/** What it takes to begin: a process that imports the library, and one that prints its help. */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Bench, type Contender, figure, plain, type Sample } from "../bench.js";
import { pinned } from "../machine.js";

/** How long a process runs, milliseconds. */
function timeOf(...parameters: readonly string[]): number {
  const [command = "", ...rest] = pinned([process.execPath, ...parameters]);
  const started = performance.now();
  const { status, stderr } = spawnSync(command, rest, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${parameters.join(" ")}: ${stderr}`);
  return performance.now() - started;
}

function contend(run: () => Sample): Contender {
  const again = async () => run();
  return { warm: again, run: again, close: async () => {} };
}

export const start: Bench = {
  name: "start",
  title: "Import of the library, and --help, each in a new process",
  subject: async (_setup, dist) => {
    const library = pathToFileURL(resolve(dist, "index.js")).href;
    const importing = `import(${JSON.stringify(library)})`;
    return contend(() => ({
      import: timeOf("--eval", importing),
      help: timeOf(join(dist, "cli/main.js"), "--help"),
    }));
  },
  floors: { node: async () => contend(() => ({ ms: timeOf("--eval", "0") })) },
  lines: [
    {
      title: "import of the library",
      unit: "ms",
      better: "less",
      floor: "node",
      value: (sample, node) => figure(sample, "import") - figure(node, "ms"),
      target: 150,
    },
    { title: "--help, all of the process", ...plain("help", "ms"), target: 150 },
    {
      title: "--help / a process that does nothing",
      unit: "x",
      better: "less",
      floor: "node",
      value: (sample, node) => figure(sample, "help") / figure(node, "ms"),
    },
  ],
};
