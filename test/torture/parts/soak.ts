/** A long time at half load, with readers that take nothing: memory, WAL and descriptors stay flat. */
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Journal } from "../journal.js";
import { judge } from "../judge.js";
import { Load } from "../load.js";
import type { Part, Result, Setting } from "../part.js";
import { Address, Service, token } from "../service.js";

const sampleMs = 5_000;
const slowReaders = 4;
/** Between two deeds of each of so many clients: about half of what a small machine does. */
const thinkMs = 25;
const clients = 4;
/** The last third against the second: more is growth. */
const growthMax = 1.25;
const walBytesMax = 64 * 2 ** 20;

interface Sample {
  readonly memory: number;
  readonly wal: number;
  readonly descriptors: number;
}

export const soak: Part = {
  name: "soak",
  title: "Half load for long, with slow readers: memory, WAL and descriptors stay flat.",
  unit: "minutes",
  full: 20,
  smoke: 0.5,
  run,
};

async function run({ dist, folder, random, count, say }: Setting): Promise<Result> {
  if (process.platform !== "linux") {
    return { figures: {}, faults: [], skipped: "memory is read from /proc" };
  }
  const file = join(folder, "buckets.db");
  using journal = new Journal(join(folder, "journal"));
  const service = await Service.start({ dist, file });
  const address = new Address();
  address.set(service);
  const load = new Load({ name: "soak", address, journal, random, clients, thinkMs });
  await load.start();
  const ending = new AbortController();
  const readers = Array.from({ length: slowReaders }, () => readSlowly(service.url, ending.signal));
  const samples: Sample[] = [];
  const until = performance.now() + count * 60_000;
  while (performance.now() < until) {
    await wait(Math.min(sampleMs, (count * 60_000) / 9));
    samples.push(sample(service.pid, file));
    if (samples.length % 12 === 0)
      say(`${samples.length} samples: ${JSON.stringify(samples.at(-1))}`);
  }
  await load.stop();
  ending.abort();
  await Promise.allSettled(readers);
  const isGone = service.isGone;
  await service.stop();
  const attempts = journal.all();
  const judged = await judge({ dist, file, attempts });
  const thirds = [0, 1, 2].map((third) => {
    const size = Math.floor(samples.length / 3);
    return samples.slice(third * size, (third + 1) * size);
  });
  const [, middle = [], last = []] = thirds;
  const memory = [middle, last].map((part) => median(part.map((one) => one.memory)));
  const descriptors = [middle, last].map((part) => Math.max(...part.map((one) => one.descriptors)));
  const wal = Math.max(...samples.map((one) => one.wal));
  return {
    figures: {
      minutes: count,
      ...judged.figures,
      "events in the log": judged.events,
      "memory of the second third, MiB": Math.round((memory[0] ?? 0) / 2 ** 20),
      "memory of the last third, MiB": Math.round((memory[1] ?? 0) / 2 ** 20),
      "most descriptors, second third": descriptors[0] ?? 0,
      "most descriptors, last third": descriptors[1] ?? 0,
      "longest WAL, KiB": Math.round(wal / 1_024),
    },
    faults: [
      ...(isGone ? ["the service ended by itself"] : []),
      ...((memory[1] ?? 0) > (memory[0] ?? 0) * growthMax ? ["memory grows"] : []),
      ...((descriptors[1] ?? 0) > (descriptors[0] ?? 0) + slowReaders ? ["descriptors grow"] : []),
      ...(wal > walBytesMax ? ["the WAL grows"] : []),
      ...judged.faults,
    ],
  };
}

/** Opens the stream and takes one piece every ten seconds; comes back when it is dropped. */
async function readSlowly(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const headers = {
        Accept: "text/event-stream",
        Authorization: `Bearer ${token}`,
        "X-Namespace": "*",
      };
      // Not `fetch`: in Node 24 a paused stream that is cut ends the process (nodejs/undici#5360).
      const [response] = await once(get(`${url}/v1/events`, { headers, signal }), "response");
      for await (const _ of response) await wait(10_000, undefined, { signal });
    } catch {
      await wait(1_000);
    }
  }
}

function sample(pid: number, file: string): Sample {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    memory: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024,
    wal: statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
