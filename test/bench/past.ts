/**
 * What the past costs in a long history: each read of a bucket with very many versions beside the
 * same read of one with a hundred, and the ratio of their medians. Run it with
 * `npx tsx test/bench/past.ts [versions]`; it fails when a read that must not grow with the history
 * costs more than three times as much.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type Buckets, openBuckets } from "../../src/index.js";

const manyVersions = Number(process.argv[2] ?? 100_000);
const fewVersions = 100;
const callers = 256;
const ratioMax = 3;
const samples = 301;

interface Read {
  readonly name: string;
  readonly run: (buckets: Buckets, bucket: string, versions: number) => Promise<unknown>;
  /** True for what reads every later event by its nature. */
  readonly grows?: boolean;
}

const reads: readonly Read[] = [
  { name: "now", run: (buckets, bucket) => buckets.get(bucket) },
  {
    name: "as_of a version in the middle",
    run: (buckets, bucket, versions) => buckets.get(bucket, { asOf: String(middle(versions)) }),
  },
  {
    name: "as_of a position in the middle",
    run: async (buckets, bucket, versions) => {
      const { position } = await positionOf(buckets, bucket, middle(versions));
      return buckets.get(bucket, { asOf: `@${position}` });
    },
  },
  {
    name: "as_of a time in the middle",
    run: async (buckets, bucket, versions) => {
      const { recorded_at } = await positionOf(buckets, bucket, middle(versions));
      return buckets.get(bucket, { asOf: recorded_at });
    },
  },
  {
    name: "diff in the middle",
    run: (buckets, bucket, versions) => buckets.diff(bucket, { to: String(middle(versions)) }),
  },
  { name: "the newest 50 events", run: (buckets, bucket) => buckets.history(bucket) },
  {
    name: "50 events from the middle",
    run: (buckets, bucket, versions) =>
      buckets.history(bucket, { order: "asc", from: String(middle(versions)) }),
  },
  { name: "blame", run: (buckets, bucket) => buckets.blame(bucket) },
  {
    name: "revert to the middle (dry run)",
    run: (buckets, bucket, versions) =>
      buckets.revert(bucket, { to: middle(versions) }, { dryRun: true }),
  },
  {
    name: "undo of the newest event (dry run)",
    run: (buckets, bucket, versions) =>
      buckets.revert(bucket, { undo: versions }, { dryRun: true }),
  },
  {
    name: "undo of an event in the middle (dry run)",
    grows: true,
    run: (buckets, bucket, versions) =>
      buckets.revert(bucket, { undo: middle(versions) }, { dryRun: true }).catch(() => undefined),
  },
];

/** As far from the saved state before it, one every hundred versions, in any history. */
function middle(versions: number): number {
  return Math.floor(versions / 200) * 100 + 50;
}

const entries = new Map<string, Awaited<ReturnType<Buckets["entry"]>>>();

/** Looked up once, so that it is not measured. */
async function positionOf(buckets: Buckets, bucket: string, version: number) {
  const key = `${bucket}/${version}`;
  const entry = entries.get(key) ?? (await buckets.entry(bucket, version));
  entries.set(key, entry);
  return entry;
}

async function fill(buckets: Buckets, bucket: string, versions: number): Promise<number> {
  await buckets.create({ bucket_name: bucket, bucket_schema: { properties: {} } });
  const started = performance.now();
  let next = 2;
  const writeTo = async (last: number) => {
    while (next <= last) {
      const version = next;
      next += 1;
      const patch = { metadata: { [`key${version % 20}`]: version } };
      await buckets.patch(bucket, patch, { mediaType: "application/merge-patch+json" });
    }
  };
  // The event in the middle has a time of its own, so that its time finds it and no later one.
  for (const last of [middle(versions) - 1, middle(versions), versions]) {
    now += 1_000;
    await Promise.all(Array.from({ length: callers }, () => writeTo(last)));
  }
  return performance.now() - started;
}

async function median(run: () => Promise<unknown>, times: number): Promise<number> {
  await run();
  const durations: number[] = [];
  for (let sample = 0; sample < times; sample += 1) {
    const started = performance.now();
    await run();
    durations.push(performance.now() - started);
  }
  return durations.sort((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN;
}

function print(...cells: readonly string[]): void {
  const [name = "", ...numbers] = cells;
  process.stdout.write(`${name.padEnd(42)}${numbers.map((cell) => cell.padStart(12)).join("")}\n`);
}

const listed = 1_000;
const listedVersions = 20;

/** Many buckets of some versions each, in a namespace of their own. */
async function fillList(buckets: Buckets): Promise<void> {
  const numbers = Array.from({ length: listed }, (_, index) => index);
  const rank = (version: number) => (index: number) =>
    buckets.patch(`bucket ${index}`, { metadata: { rank: (index * 7) % listed, version } });
  await Promise.all(
    numbers.map((index) =>
      buckets.create({ bucket_name: `bucket ${index}`, bucket_schema: { properties: {} } }),
    ),
  );
  for (let version = 2; version <= listedVersions; version += 1) {
    await Promise.all(numbers.map(rank(version)));
  }
}

const listQuery = {
  filters: { field: "metadata.rank", operator: "lt", value: listed / 2 },
  sort: { field: "metadata.rank", direction: "desc" },
  limit: 100,
} as const;

/** What no list of the past can do without: reading and parsing the rows that it folds. */
function readRows(file: string, position: number): number {
  const db = new Database(file, { readonly: true });
  try {
    const rows = db
      .prepare("SELECT meta, body FROM events WHERE namespace = 'list' AND position <= ?")
      .raw()
      .all(position);
    return rows.flatMap((row) => (Array.isArray(row) ? row : [])).map((text) => JSON.parse(text))
      .length;
  } finally {
    db.close();
  }
}

/** A list as of the middle of twenty versions, beside its floor and beside the list of now. */
async function benchList(buckets: Buckets, file: string, first: number): Promise<void> {
  const middleOf = first + (listed * listedVersions) / 2;
  const asOf = `@${middleOf}`;
  const floor = await median(async () => readRows(file, middleOf), listSamples);
  const past = await median(() => buckets.list({ ...listQuery, asOf }), listSamples);
  const current = await median(() => buckets.list(listQuery), listSamples);
  print("");
  print(`list of ${listed} buckets, filtered and sorted`, "ms", "x floor");
  print("floor: SQLite reading and parsing the rows", floor.toFixed(1), "1.00");
  print("as of the middle of 20 versions", past.toFixed(1), (past / floor).toFixed(2));
  print("now", current.toFixed(1), (current / floor).toFixed(2));
}

const listSamples = 21;

let now = Date.parse("2026-10-01T12:00:00.000Z");
const folder = mkdtempSync(join(tmpdir(), "bucketlog-bench-"));
const file = join(folder, "past.db");
const store = await openBuckets({ file, clock: () => now });
try {
  const { buckets } = store.namespace();
  await fill(buckets, "few", fewVersions);
  const milliseconds = await fill(buckets, "many", manyVersions);
  const rate = Math.round((manyVersions / milliseconds) * 1_000);
  print(`${manyVersions} versions by ${callers} callers: ${rate} events/s`);
  print("median, ms", `${fewVersions}`, `${manyVersions}`, "ratio");
  for (const { name, run, grows = false } of reads) {
    const times = grows ? 3 : samples;
    const few = await median(() => run(buckets, "few", fewVersions), samples);
    const many = await median(() => run(buckets, "many", manyVersions), times);
    const ratio = many / few;
    print(name, few.toFixed(3), many.toFixed(3), `${ratio.toFixed(2)}${grows ? " (grows)" : ""}`);
    if (!grows && ratio > ratioMax) process.exitCode = 1;
  }
  const { position } = await store.head();
  const list = store.namespace("list").buckets;
  await fillList(list);
  await benchList(list, file, position);
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}
