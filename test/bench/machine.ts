/** The machine: what it is, how busy it is, and which core does what. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";

const ticksPerSecond = 100;

/** What is measured has the first core, what asks it the last; none when they cannot be told apart. */
const cores = readCores();

function readCores(): { readonly measured: number; readonly asking: number } | undefined {
  const count = availableParallelism();
  const hasTaskset = spawnSync("taskset", ["--version"]).status === 0;
  return hasTaskset && count > 1 ? { measured: 0, asking: count - 1 } : undefined;
}

/** Keeps this process on the core of those who ask. */
export function pinSelf(): void {
  if (cores === undefined) return;
  spawnSync("taskset", ["--all-tasks", "-cp", String(cores.asking), String(process.pid)]);
}

/** Lets this process have every core, for what has threads of its own. */
export function unpinSelf(): void {
  if (cores === undefined) return;
  spawnSync("taskset", ["--all-tasks", "-cp", `0-${cores.asking}`, String(process.pid)]);
}

/** The command that runs another one on the core of what is measured. */
export function pinned(command: readonly string[]): readonly string[] {
  return cores === undefined ? command : ["taskset", "-c", String(cores.measured), ...command];
}

export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    pinned: cores !== undefined,
  };
}

/** How many programs wanted to run in the last minute. */
export function load(): number {
  return loadavg()[0] ?? Number.NaN;
}

/** The CPU milliseconds that a process has used; not a number where the system does not tell. */
export function cpuMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
  } catch {
    return Number.NaN;
  }
}

/** The memory of a process that is in RAM, bytes; not a number once it is gone. */
export function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
  } catch {
    return Number.NaN;
  }
}
