/**
 * How much of what is possible the service reaches, as ratios: durable patches over HTTP against
 * the same app without a store, and embedded patches against a bare loop of inserts. What is
 * compared runs in one process each, in turns, and the medians of the rounds are shown.
 *
 *     npm run bench              some minutes
 *     npm run bench -- --quick   short rounds, rough numbers
 *
 * Flags of Node reach the measured processes as well: `node --cpu-prof --import tsx ...`.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import autocannon from "autocannon";
import { z } from "zod";
import { mediaType, patchOf } from "./workload.js";

const { values: flags } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const rounds = flags.quick ? 3 : 7;
const roundSeconds = flags.quick ? 1 : 3;
const connectionCounts = [1, 16, 64, 256];
const callerCounts = [1, 8, 64];
const requestsPerClient = 50;

const Started = z.object({ url: z.string(), secret: z.string(), buckets: z.array(z.string()) });
const Measured = z.object({
  name: z.string(),
  load: z.number(),
  perSecond: z.number(),
  p99: z.number(),
});

interface Measurement {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p99: number;
}

/** Every round of everything that was measured, by its name and load. */
class Measurements {
  readonly #rounds = new Map<string, Measurement[]>();

  add(name: string, load: number, measurement: Measurement): void {
    const key = `${name}/${load}`;
    this.#rounds.set(key, [...(this.#rounds.get(key) ?? []), measurement]);
  }

  median(name: string, load: number): Measurement {
    const taken = this.#rounds.get(`${name}/${load}`) ?? [];
    return {
      perSecond: median(taken.map(({ perSecond }) => perSecond)),
      p99: median(taken.map(({ p99 }) => p99)),
    };
  }

  /** The median of the ratios of the rounds: what slows a whole round down cancels out. */
  ratio(name: string, against: string, load: number): number {
    const others = this.#rounds.get(`${against}/${load}`) ?? [];
    const taken = this.#rounds.get(`${name}/${load}`) ?? [];
    return median(taken.map(({ perSecond }, at) => perSecond / (others[at]?.perSecond ?? 0)));
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function benchHttp() {
  const servers = [
    await startServer("store", `${folder}/http.db`),
    await startServer("echo"),
    await startServer("stub"),
  ];
  const measurements = new Measurements();
  for (const server of servers) await load(server, 16, roundSeconds);
  for (let round = 0; round < rounds; round += 1) {
    for (const connections of connectionCounts) {
      for (const server of servers) {
        const measurement = await load(server, connections, roundSeconds);
        measurements.add(server.kind, connections, measurement);
      }
    }
  }
  await Promise.all(servers.map((server) => stop(server.child)));
  return { measurements, names: ["store", "echo", "stub"] };
}

async function startServer(kind: "store" | "echo" | "stub", ...file: string[]) {
  const child = start("server.ts", [kind, ...file]);
  const [message] = await once(child, "message");
  return { kind, child, ...Started.parse(message) };
}

type Server = Awaited<ReturnType<typeof startServer>>;

async function load(server: Server, connections: number, seconds: number): Promise<Measurement> {
  let turn = 0;
  const nextRequest = () => {
    turn += 1;
    return {
      method: "PATCH",
      path: `/v1/buckets/${server.buckets[turn % server.buckets.length]}`,
      headers: { authorization: `Bearer ${server.secret}`, "content-type": mediaType },
      body: JSON.stringify(patchOf(turn)),
    } as const;
  };
  const result = await autocannon({
    url: server.url,
    connections,
    duration: seconds,
    setupClient: (client) => {
      client.setRequests(Array.from({ length: requestsPerClient }, nextRequest));
    },
  });
  if (result.errors + result.non2xx > 0) {
    throw new Error(`${server.kind}: ${result.errors} errors, ${result.non2xx} refusals`);
  }
  return { perSecond: result.requests.total / result.duration, p99: result.latency.p99 };
}

async function benchEmbedded() {
  const measurements = new Measurements();
  const options = [rounds, roundSeconds * 1_000, ...callerCounts].map(String);
  const child = start("embedded.ts", [folder, ...options]);
  child.on("message", (message) => {
    const { name, load, ...measurement } = Measured.parse(message);
    measurements.add(name, load, measurement);
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`the embedded benchmark ended with ${code}`);
  return { measurements, names: ["store", "bare"] };
}

function start(script: string, parameters: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(script, import.meta.url)), parameters);
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.disconnect();
  await exited;
}

/** One row for each load: requests/s and p99 of all, then the ratios of the first to the others. */
function print(
  title: string,
  unit: string,
  loads: readonly number[],
  { measurements, names }: { measurements: Measurements; names: readonly string[] },
): void {
  const [first = "", ...others] = names;
  const header = [
    unit,
    ...names.map((name) => `${name} /s (p99 ms)`),
    ...others.map((other) => `${first}/${other}`),
  ];
  const rows = loads.map((load) => [
    String(load),
    ...names.map((name) => {
      const { perSecond, p99 } = measurements.median(name, load);
      return `${Math.round(perSecond)} (${p99.toPrecision(3)})`;
    }),
    ...others.map((other) => measurements.ratio(first, other, load).toFixed(2)),
  ]);
  const widths = header.map((_, at) =>
    Math.max(...[header, ...rows].map((row) => row[at]?.length ?? 0)),
  );
  console.log(`\n${title}, medians of ${rounds} rounds of ${roundSeconds} s`);
  for (const row of [header, ...rows]) {
    console.log(row.map((cell, at) => cell.padStart(widths[at] ?? 0)).join("  "));
  }
}

mkdirSync(".bench", { recursive: true });
const folder = mkdtempSync(".bench/run-");
try {
  print("PATCH over HTTP", "connections", connectionCounts, await benchHttp());
  print("patch() embedded", "callers", callerCounts, await benchEmbedded());
} finally {
  rmSync(folder, { recursive: true });
}
