/**
 * What signing the log costs those who write to it, how long a log of before takes to be signed first,
 * and an inclusion proof in a log of a million events.
 */
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { EmbeddedStore, openBuckets } from "../../../src/index.js";
import type { Instrument } from "../instrument.js";
import type { Setup } from "../setup.js";
import { quantile, spreadOf } from "../statistics.js";
import { sizeIn } from "./blocking.js";

const writers = 8;
const operationsMax = 100;
const bucketCount = 100;
const signEveryMs = 1_000;
const inclusions = 2_000;

export const proofs: Instrument = {
  name: "proofs",
  title: "Checkpoints beside writes, the first of an old log, and inclusion proofs",
  look: async (setup, dist) => {
    const open = await openOf(dist);
    return {
      columns: ["measured", "aim", "seen"],
      rows: [
        ...(await besideWrites(setup, open)),
        ...(await firstCheckpoint(setup, open)),
        ...(await inclusion(setup, open)),
      ],
      notes: [`${writers} writers in the library, durable; what is filled in before is relaxed.`],
    };
  },
};

type Open = typeof openBuckets;
type Row = readonly (string | number)[];

async function openOf(dist: string): Promise<Open> {
  const built: { readonly openBuckets: Open } = await import(
    pathToFileURL(resolve(dist, "index.js")).href
  );
  return built.openBuckets;
}

const nameOf = (n: number) => `bucket-${n % bucketCount}`;
const patchOf = (n: number) => ({ metadata: { n, text: "x".repeat(200) } });

async function fill(store: EmbeddedStore, events: number): Promise<void> {
  const namespace = store.namespace();
  for (let n = 0; n < bucketCount; n += 1) {
    await namespace.buckets.create({ bucket_name: nameOf(n), bucket_schema: { properties: {} } });
  }
  let next = bucketCount;
  const filling = Array.from({ length: writers }, async () => {
    while (next < events) {
      const first = next;
      next += operationsMax;
      await namespace.transaction(
        Array.from({ length: operationsMax }, (_, index) => ({
          type: "patch" as const,
          bucket: nameOf(first + index),
          patch: patchOf(first + index),
        })),
      );
    }
  });
  await Promise.all(filling);
}

/** Rounds without and with a checkpoint each second, one after the other, so that each has its pair. */
async function besideWrites(setup: Setup, open: Open): Promise<Row[]> {
  await using store = await open({ file: setup.path("beside.db") });
  await fill(store, 1_000);
  await writesWithin(store, setup.warmMs);
  const roundMs = setup.quick ? setup.roundMs : 10_000;
  const ratios: number[] = [];
  for (let round = 0; round < setup.rounds; round += 1) {
    const alone = await writesWithin(store, roundMs);
    const signing = new AbortController();
    const signed = signEach(store, signing.signal);
    const beside = await writesWithin(store, roundMs);
    signing.abort();
    await signed;
    ratios.push(beside / alone);
  }
  return [
    [
      "writes with a checkpoint each second, of those without",
      "≥ 0.98",
      rounded(spreadOf(ratios).median),
    ],
  ];
}

async function writesWithin(store: EmbeddedStore, ms: number): Promise<number> {
  const { buckets } = store.namespace();
  const end = performance.now() + ms;
  let count = 0;
  const writing = Array.from({ length: writers }, async (_, writer) => {
    for (let n = writer; performance.now() < end; n += writers) {
      await buckets.patch(nameOf(n), patchOf(n));
      count += 1;
    }
  });
  await Promise.all(writing);
  return count;
}

async function signEach(store: EmbeddedStore, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await store.proofs.sign();
    await delay(signEveryMs, undefined, { signal }).catch(() => {});
  }
}

async function firstCheckpoint(setup: Setup, open: Open): Promise<Row[]> {
  const events = sizeIn(setup)(200_000);
  await using store = await open({ file: setup.path("old.db"), durability: "relaxed" });
  await fill(store, events);
  const reading = readUntil(store, store.proofs.sign());
  const began = performance.now();
  await store.proofs.sign();
  const seconds = (performance.now() - began) / 1_000;
  const waits = await reading;
  return [
    [`first checkpoint of ${events} events, s`, "< 10", rounded(seconds)],
    ["reads meanwhile, p99, ms", "< 50", rounded(quantile(waits, 0.99))],
  ];
}

/** How long each read took, in order of that. */
async function readUntil(store: EmbeddedStore, over: Promise<unknown>): Promise<number[]> {
  let isOver = false;
  const ended = over.then(() => {
    isOver = true;
  });
  const waits: number[] = [];
  for (let n = 0; !isOver; n += 1) {
    const began = performance.now();
    await delay(1);
    await store.namespace().buckets.get(nameOf(n));
    waits.push(performance.now() - began - 1);
  }
  await ended;
  return waits.toSorted((a, b) => a - b);
}

async function inclusion(setup: Setup, open: Open): Promise<Row[]> {
  const events = sizeIn(setup)(1_000_000);
  await using store = await open({ file: setup.path("large.db"), durability: "relaxed" });
  await fill(store, events);
  const { size } = await store.proofs.sign();
  const times: number[] = [];
  for (let n = 0; n < inclusions; n += 1) {
    // Spread over all of the log, in no order.
    const position = 1 + ((n * 7_919 * 104_729) % size);
    const began = performance.now();
    await store.proofs.inclusion({ position });
    times.push(performance.now() - began);
  }
  const sorted = times.toSorted((a, b) => a - b);
  return [
    [`inclusion proof at ${size} events, p50, ms`, "", rounded(quantile(sorted, 0.5))],
    [`inclusion proof at ${size} events, p99, ms`, "< 20", rounded(quantile(sorted, 0.99))],
  ];
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
