/**
 * What copies cost: writers before, while and after a backup is taken, in one run, where copying and
 * proving are told apart because they ask for different things; and how fast a log is exported and
 * imported beside the rate of writes.
 */
import { createWriteStream, statSync } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { EmbeddedStore } from "../../../src/index.js";
import type { Instrument } from "../instrument.js";
import { pinSelf, unpinSelf } from "../machine.js";
import type { Setup } from "../setup.js";
import { quantile } from "../statistics.js";
import { sizeIn } from "./blocking.js";

type Library = typeof import("../../../src/index.js");

const events = 200_000;
const buckets = 1_000;
const operationsMax = 100;
const crowds = [8, 64];

export const copies: Instrument = {
  name: "copies",
  title: "What a backup costs those who write meanwhile; exports and imports",
  look: async (setup, dist) => {
    unpinSelf();
    const library: Library = await import(pathToFileURL(resolve(dist, "index.js")).href);
    const file = setup.path("store.db");
    const store = await library.openBuckets({ file });
    const rows: (readonly (string | number)[])[] = [];
    try {
      await fill(store, sizeIn(setup)(events));
      for (const writers of crowds) rows.push(...(await besideWriters(store, writers, setup)));
    } finally {
      await store.close();
    }
    const log = await ofLog(library, file, setup);
    pinSelf();
    return {
      columns: ["work", "writes/s", "share", "p50, ms", "p99, ms", "seconds", "events/s"],
      rows: [...rows, ...log],
      notes: [
        "The aim: a share of 0.8 at least, and a p99 below 250 ms; 1,000,000 events imported in 480 s.",
      ],
    };
  },
};

const nameOf = (n: number) => `bucket-${n % buckets}`;
const patchOf = (n: number) => ({ metadata: { n, text: "x".repeat(200) } });

async function fill(store: EmbeddedStore, count: number): Promise<void> {
  const properties = {};
  for (let first = 0; first < count; first += operationsMax) {
    const numbers = Array.from({ length: operationsMax }, (_, index) => first + index);
    await store
      .namespace()
      .transaction(
        numbers.map((n) =>
          n < buckets
            ? { type: "create", body: { bucket_name: nameOf(n), bucket_schema: { properties } } }
            : { type: "patch", bucket: nameOf(n), patch: patchOf(n) },
        ),
      );
  }
}

interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly seconds: number;
}

async function besideWriters(store: EmbeddedStore, writers: number, setup: Setup) {
  const alone = () => measured(store, writers, delay(setup.quick ? 1_000 : 15_000));
  const before = await alone();
  const copying = store.backup(setup.path("copied"), { verify: false });
  const copied = await measured(store, writers, copying);
  const between = await alone();
  const proving = store.backup(setup.path("proved"));
  const proved = await measured(store, writers, proving);
  const after = await alone();
  const usual = (before.perSecond + between.perSecond + after.perSecond) / 3;
  const row = (work: string, { perSecond, p50, p99, seconds }: Measured, events: number | "") => [
    `${work}, ${writers} writers`,
    Math.round(perSecond),
    rounded(perSecond / usual),
    rounded(p50),
    rounded(p99),
    rounded(seconds),
    events === "" ? "" : Math.round(events / seconds),
  ];
  return [
    row("writing alone", between, ""),
    row("beside a backup that is not proved", copied, (await copying).position),
    row("beside a backup", proved, (await proving).position),
  ];
}

/** What the writers did until `during` was over. */
async function measured(
  store: EmbeddedStore,
  writers: number,
  during: Promise<unknown>,
): Promise<Measured> {
  const { buckets } = store.namespace();
  const latencies: number[] = [];
  let isOver = false;
  const began = performance.now();
  const writing = Array.from({ length: writers }, async (_, writer) => {
    for (let n = writer; !isOver; n += writers) {
      const started = performance.now();
      await buckets.patch(nameOf(n), patchOf(n));
      latencies.push(performance.now() - started);
    }
  });
  await during;
  isOver = true;
  await Promise.all(writing);
  const seconds = (performance.now() - began) / 1_000;
  const sorted = latencies.toSorted((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    seconds,
  };
}

async function ofLog(library: Library, file: string, setup: Setup) {
  const log = setup.path("log.ndjson");
  const store = await library.openBuckets({ file });
  const exporting = timed(() =>
    pipeline(Readable.from(store.exportLog()), createWriteStream(log)).finally(() => store.close()),
  );
  const exported = await exporting;
  let position = 0;
  const imported = await timed(async () => {
    ({ position } = await library.importLog(log, setup.path("imported.db")));
  });
  const row = (work: string, seconds: number) => [
    `${work} of ${position} events, ${Math.round(statSync(log).size / position)} bytes each`,
    "",
    "",
    "",
    "",
    rounded(seconds),
    Math.round(position / seconds),
  ];
  return [row("the export", exported), row("the import", imported)];
}

/** @returns seconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
