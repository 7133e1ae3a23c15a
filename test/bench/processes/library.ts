/** A worker for the library of a build, on one file: what it does, and how long that takes. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { EmbeddedStore, ListQuery } from "../../../src/index.js";
import { quantile, spreadOf, timed } from "../statistics.js";
import { bucketCount, bucketOf, mediaType, objectBucket, objectOf, patchOf } from "../workload.js";
import { serveTasks } from "./tasks.js";

const [dist = "dist", file = ":memory:", durability] = process.argv.slice(2);
const { openBuckets }: typeof import("../../../src/index.js") = await import(
  pathToFileURL(resolve(dist, "index.js")).href
);
const fillers = 256;
const samples = 101;
const lists = {
  first: {},
  filter: { filters: { field: "metadata.rank", operator: "lt", value: 100 } },
  sort: { sort: { field: "bucket_name" } },
  search: { search: "NUMBER 4242," },
} satisfies Record<string, ListQuery>;

let store = await open();
let turn = 0;

serveTasks({
  buckets: async (count) => {
    await inSlices(count, (index) => buckets().create(bucketOf(index)));
    return {};
  },
  patches: async (count) => {
    await inSlices(count, patchNext);
    return {};
  },
  versions: async (count) => {
    await buckets().create(bucketOf(count));
    await inSlices(count - 1, () => {
      turn += 1;
      return buckets().patch(bucketOf(count).bucket_name, patchOf(turn), { mediaType });
    });
    return {};
  },
  objectBucket: async () => {
    await buckets().create(objectBucket);
    return {};
  },
  embedded: (ms) => callers(64, ms, patchNext),
  alone: (ms) => callers(1, ms, patchNext),
  objects: async (ms) => {
    const { perSecond } = await callers(1, ms, createHundred);
    return { perSecond: perSecond * 100 };
  },
  rebuild: async () => ({ ms: await timed(() => store.rebuild()) }),
  verify: async () => ({ ms: await timed(() => store.verify()) }),
  replay: async () => ({ ms: await timed(() => store.replay()) }),
  export: async () => ({ ms: await timed(exportAll) }),
  /** The file once its log is in it. */
  bytes: async () => {
    await store.close();
    const { size } = statSync(file);
    store = await open();
    return { bytes: size };
  },
  asOf: async (versions) => {
    const { bucket_name: name } = bucketOf(versions);
    // About the middle, and as far behind the nearest hundred whatever the length.
    const asOf = String(Math.floor(versions / 200) * 100 + 50);
    const times: number[] = [];
    for (let sample = 0; sample < samples; sample += 1) {
      times.push(await timed(() => buckets().get(name, { asOf })));
    }
    return { ms: spreadOf(times).median };
  },
  /** As of the middle of the log, filtered and sorted. */
  asOfList: async () => {
    const { position } = await store.head();
    const asOf = `@${Math.floor(position / 2)}`;
    return { ms: await timed(() => buckets().list({ ...lists.filter, ...lists.sort, asOf })) };
  },
  lists: async () => {
    const figures: Record<string, number> = {};
    for (const [name, query] of Object.entries(lists)) {
      figures[name] = await timed(() => buckets().list(query));
      figures[`${name}Blocked`] = await blockedBy(() => buckets().list(query));
    }
    return figures;
  },
  close: async () => {
    await store.close();
    return {};
  },
});

function open(): Promise<EmbeddedStore> {
  return openBuckets({ file, durability: durability === "relaxed" ? "relaxed" : "full" });
}

function buckets() {
  return store.namespace().buckets;
}

/** Each patches the next bucket. */
function patchNext() {
  turn += 1;
  return buckets().patch(bucketOf(turn % bucketCount).bucket_name, patchOf(turn), { mediaType });
}

function createHundred() {
  turn += 1;
  const bodies = Array.from({ length: 100 }, (_, index) => objectOf(turn * 100 + index));
  return store.namespace().objects(objectBucket.bucket_name).createMany(bodies);
}

async function inSlices(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const loop = async () => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: fillers }, loop));
}

/** So many callers for so long, each waiting for its last call. */
async function callers(count: number, ms: number, call: () => Promise<unknown>) {
  const latencies: number[] = [];
  const started = performance.now();
  const loop = async () => {
    for (let now = performance.now(); now < started + ms; ) {
      await call();
      latencies.push(performance.now() - now);
      now = performance.now();
    }
  };
  await Promise.all(Array.from({ length: count }, loop));
  const perSecond = (latencies.length / (performance.now() - started)) * 1_000;
  latencies.sort((a, b) => a - b);
  return { perSecond, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

/** Every event of the namespace as a line, as the command does it. */
async function exportAll(): Promise<void> {
  const feed = store.events({ namespace: "default", after: 0 });
  for (let hasMore = true; hasMore; ) {
    const page = await feed.page({ limit: 1_000 });
    for (const entry of page?.results ?? []) JSON.stringify(entry);
    hasMore = page?.pagination.has_more === true;
  }
}

/** The longest that nobody else was let through meanwhile, milliseconds. */
async function blockedBy(work: () => Promise<unknown>): Promise<number> {
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  await delay(5);
  await work();
  await delay(5);
  loop.disable();
  return loop.max / 1e6;
}
