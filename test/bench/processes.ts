/** The processes that are measured: servers, which say where they listen, and workers with tasks. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { pinned } from "./machine.js";

export interface Server {
  readonly url: string;
  readonly pid: number;
  /** Asks it to end, and waits until it did. */
  stop(): Promise<void>;
}

export const token = "bkl_a-token-for-the-benchmark";

interface NodeOptions {
  /** Flags of Node. */
  readonly flags?: readonly string[];
  readonly cwd?: string;
}

/** The server of a build on a file, as a user runs it, without a log of requests. */
export function startBuild(
  dist: string,
  file: string,
  { flags = [], cwd }: NodeOptions = {},
): Promise<Server> {
  const cli = join(dist, "cli/main.js");
  const parameters = ["serve", file, "--port", "0", "--token", token, "--log-level", "warn"];
  return startServer([...flags, cli, ...parameters], cwd);
}

/** A server of `processes/`. */
export function startScript(script: string, ...parameters: readonly string[]): Promise<Server> {
  return startServer(["--import", "tsx", scriptPath(script), ...parameters]);
}

function scriptPath(script: string): string {
  return fileURLToPath(new URL(`processes/${script}`, import.meta.url));
}

/** Runs it with Node and waits until it prints `ready URL`. */
async function startServer(parameters: readonly string[], cwd?: string): Promise<Server> {
  const [command = "", ...rest] = pinned([process.execPath, ...parameters]);
  const child = spawn(command, rest, {
    stdio: ["ignore", "pipe", "inherit"],
    ...(cwd !== undefined && { cwd }),
  });
  for await (const line of createInterface(child.stdout)) {
    const url = /ready (http:\S+)$/.exec(line)?.[1];
    if (url !== undefined) return { url, pid: child.pid ?? 0, stop: () => end(child) };
  }
  throw new Error(`${parameters.join(" ")} ended before it was ready`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

const Answer = z.union([
  z.object({ sample: z.record(z.string(), z.number()) }),
  z.object({ error: z.string() }),
]);

/** A process with tasks: its script calls `serveTasks`. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  constructor(script: string, ...parameters: readonly string[]) {
    const [command = "", ...rest] = pinned([
      process.execPath,
      "--import",
      "tsx",
      scriptPath(script),
      ...parameters,
    ]);
    this.#child = spawn(command, rest, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#ended = once(this.#child, "exit").then(([code]) => {
      throw new Error(`The worker ${script} ended with ${code}.`);
    });
    // Whoever waits for an answer learns it; an end that was asked for is none's concern.
    this.#ended.catch(() => undefined);
  }

  /** Asks for one task and waits for what it measured. */
  async ask(task: string, amount = 0): Promise<Readonly<Record<string, number>>> {
    const answered = once(this.#child, "message");
    this.#child.send({ task, amount });
    const [message] = await Promise.race([answered, this.#ended]);
    const answer = Answer.parse(message);
    if ("error" in answer) throw new Error(`"${task}" failed: ${answer.error}`);
    return answer.sample;
  }

  async stop(): Promise<void> {
    await this.ask("close");
    await end(this.#child);
  }
}
