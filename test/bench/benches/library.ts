/** The library in a process of its own, beside bare SQL that does the same work on the same rows. */
import {
  type Bench,
  type Contender,
  figure,
  NotInstalled,
  plain,
  rate,
  type Sample,
  speed,
} from "../bench.js";
import { howToInstall, isInstalled } from "../peers.js";
import { startPostgres } from "../postgres-server.js";
import { Worker } from "../processes.js";
import type { Setup } from "../setup.js";
import { bucketCount, patchBytes } from "../workload.js";

interface Asked {
  readonly task: string;
  /** For how long, where the task can be of any length. */
  readonly isTimed?: boolean;
}

/** A worker that does one task in each round; what cannot be cut short is its own warming up. */
function contend(worker: Worker, setup: Setup, { task, isTimed }: Asked): Contender {
  return {
    warm: async () => isTimed && (await worker.ask(task, setup.warmMs)),
    run: () => worker.ask(task, isTimed ? setup.roundMs : 0),
    close: () => worker.stop(),
  };
}

function startLibrary(setup: Setup, dist: string, durability: "full" | "relaxed"): Worker {
  return new Worker("library.ts", dist, setup.path("store.db"), durability);
}

function bareTask(task: string) {
  return async (setup: Setup) =>
    contend(new Worker("floors.ts", setup.path("bare.db")), setup, { task, isTimed: true });
}

export const embedded: Bench = {
  name: "embedded",
  title: "Durable patch() in the library, 64 callers",
  subject: async (setup, dist) => {
    const worker = startLibrary(setup, dist, "full");
    await worker.ask("buckets", bucketCount);
    return contend(worker, setup, { task: "embedded", isTimed: true });
  },
  floors: { bare: bareTask("patches"), postgres: contendPostgres },
  lines: [
    {
      title: "patch(), 64 callers / bare rows in transactions of 64",
      ...rate("bare"),
      target: 0.4,
      hope: 0.5,
    },
    {
      title: "patch(), 64 callers / PostgreSQL, the same rows in one statement",
      ...rate("postgres"),
      target: 1.2,
      hope: 2,
    },
    { title: "patch(), 64 callers", ...plain("perSecond", "per s") },
  ],
};

/** Its server is on the core of what is measured, its callers are with those who ask. */
async function contendPostgres(setup: Setup): Promise<Contender | NotInstalled> {
  if (!isInstalled("pg")) return new NotInstalled(howToInstall("postgres"));
  const server = await startPostgres();
  if (server === undefined) {
    return new NotInstalled("put `postgres` on the PATH, and as root have a user postgres");
  }
  const worker = new Worker("postgres.ts", server.host, server.user);
  const contender = contend(worker, setup, { task: "patches", isTimed: true });
  return { ...contender, close: () => worker.stop().then(() => server.stop()) };
}

export const embeddedAlone: Bench = {
  name: "embedded-alone",
  title: "Durable patch() in the library, 1 caller",
  subject: async (setup, dist) => {
    const worker = startLibrary(setup, dist, "full");
    await worker.ask("buckets", bucketCount);
    return contend(worker, setup, { task: "alone", isTimed: true });
  },
  floors: {
    emmett: async (setup) => {
      if (!isInstalled("@event-driven-io/emmett-sqlite")) {
        return new NotInstalled(howToInstall("emmett"));
      }
      const worker = new Worker("emmett.ts", setup.path("emmett.db"));
      return contend(worker, setup, { task: "append", isTimed: true });
    },
  },
  lines: [
    { title: "patch(), 1 caller / emmett-sqlite append", ...rate("emmett"), target: 6 },
    { title: "patch(), 1 caller", ...plain("perSecond", "per s") },
  ],
};

export const objects: Bench = {
  name: "objects",
  title: "Durable batches of 100 objects in the library",
  subject: async (setup, dist) => {
    const worker = startLibrary(setup, dist, "full");
    await worker.ask("objectBucket");
    return contend(worker, setup, { task: "objects", isTimed: true });
  },
  floors: { bare: bareTask("objects") },
  lines: [
    { title: "objects, 100 at once / bare rows", ...rate("bare"), target: 0.4 },
    { title: "objects, 100 at once", ...plain("perSecond", "per s") },
  ],
};

const readers = [
  { task: "rebuild", title: "Rebuild of the view", floor: "parse", target: 0.35, hope: 0.41 },
  { task: "verify", title: "Verify", floor: "hash", target: 0.3, hope: 0.4 },
  { task: "replay", title: "Replay", floor: "parse", target: 0.3 },
  { task: "export", title: "Export", floor: "parse", target: 0.3 },
] as const;

const floorTitles = { parse: "SELECT + JSON.parse", hash: "SELECT + SHA-256" };

/** What reads the whole log, beside reading it and doing next to nothing. */
export const ofTheLog: readonly Bench[] = readers.map(({ task, title, floor, ...targets }) => {
  const events = ({ quick }: Setup) => (quick ? 2_000 : 30_000);
  return {
    name: task,
    title: `${title}, 30,000 patches of ${bucketCount} buckets`,
    subject: async (setup, dist) => {
      const worker = startLibrary(setup, dist, "relaxed");
      await worker.ask("buckets", bucketCount);
      await worker.ask("patches", events(setup) - bucketCount);
      return contend(worker, setup, { task });
    },
    floors: {
      [floor]: async (setup) => {
        const worker = new Worker("floors.ts", setup.path("bare.db"));
        await worker.ask("fill", events(setup));
        return contend(worker, setup, { task: floor });
      },
    },
    lines: [
      { title: `${task} / ${floorTitles[floor]}`, ...speed(floor), ...targets },
      { title: task, ...plain("ms", "ms") },
    ],
  };
});

export const disk: Bench = {
  name: "disk",
  title: `Bytes on disk for each PATCH of ${patchBytes} bytes`,
  subject: async (setup, dist) => {
    const worker = startLibrary(setup, dist, "relaxed");
    const count = setup.quick ? 1_000 : 10_000;
    await worker.ask("buckets", bucketCount);
    return {
      // What a bucket's first patch makes is made once.
      warm: () => worker.ask("patches", bucketCount),
      run: async () => {
        const before = figure(await worker.ask("bytes"), "bytes");
        await worker.ask("patches", count);
        const bytes = (figure(await worker.ask("bytes"), "bytes") - before) / count;
        return { bytes };
      },
      close: () => worker.stop(),
    };
  },
  floors: {},
  lines: [
    {
      title: "bytes on disk per PATCH event / its body",
      unit: "x",
      better: "less",
      value: (sample) => figure(sample, "bytes") / patchBytes,
      target: 4,
      hope: 3.5,
    },
    { title: "bytes on disk per PATCH event", ...plain("bytes", "bytes") },
  ],
};

const listed = (setup: Setup) => (setup.quick ? 3_000 : 100_000);

export const lists: Bench = {
  name: "lists",
  title: "Lists of 100,000 buckets",
  subject: async (setup, dist) => {
    const worker = startLibrary(setup, dist, "relaxed");
    await worker.ask("buckets", listed(setup));
    return contend(worker, setup, { task: "lists" });
  },
  floors: {},
  lines: [
    { title: "first page", ...plain("first", "ms"), target: 1 },
    { title: "filter", ...plain("filter", "ms") },
    { title: "filter, longest on the loop", ...plain("filterBlocked", "ms"), target: 50 },
    { title: "sort by a fixed field", ...plain("sort", "ms"), target: 10 },
    { title: "sort, longest on the loop", ...plain("sortBlocked", "ms"), target: 50 },
    { title: "search", ...plain("search", "ms"), target: 10 },
    { title: "search, longest on the loop", ...plain("searchBlocked", "ms"), target: 50 },
  ],
};

const versionsEach = 20;

export const asOfList: Bench = {
  name: "as-of-list",
  title: `A list of ${bucketCount} buckets as of the middle of ${versionsEach} versions each`,
  subject: async (setup, dist) => {
    const worker = startLibrary(setup, dist, "relaxed");
    await worker.ask("buckets", bucketCount);
    await worker.ask("patches", bucketCount * (versionsEach - 1));
    return contend(worker, setup, { task: "asOfList" });
  },
  floors: {
    parse: async (setup) => {
      const worker = new Worker("floors.ts", setup.path("bare.db"));
      await worker.ask("fill", (bucketCount * versionsEach) / 2);
      return contend(worker, setup, { task: "parse" });
    },
  },
  lines: [
    { title: "list as of the middle / SELECT + JSON.parse of half the log", ...speed("parse") },
    { title: "list as of the middle", ...plain("ms", "ms") },
  ],
};

const fewVersions = 100;

export const asOf: Bench = {
  name: "as-of",
  title: "A bucket as of the middle of its history",
  subject: async (setup, dist) => {
    const worker = startLibrary(setup, dist, "relaxed");
    const manyVersions = setup.quick ? 2_000 : 100_000;
    await worker.ask("versions", fewVersions);
    await worker.ask("versions", manyVersions);
    const run = async (): Promise<Sample> => ({
      few: figure(await worker.ask("asOf", fewVersions), "ms"),
      many: figure(await worker.ask("asOf", manyVersions), "ms"),
    });
    return { warm: run, run, close: () => worker.stop() };
  },
  floors: {},
  lines: [
    {
      title: "as-of at 100,000 versions / at 100",
      unit: "x",
      better: "less",
      value: (sample) => figure(sample, "many") / figure(sample, "few"),
      target: 1.3,
    },
    { title: "as-of at 100,000 versions", ...plain("many", "ms") },
    { title: "as-of at 100 versions", ...plain("few", "ms") },
  ],
};
