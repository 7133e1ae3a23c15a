/** Fills a bucket with objects and measures what they cost; `bench` prints it, `large` judges it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import Database from "better-sqlite3";
import { z } from "zod";
import { type BucketStore, openBuckets } from "../../src/index.js";

const fewObjects = 100;
const perRequest = 100;
const rounds = 5;
/** Single additions of which the median counts. */
const additions = 301;
const teams = ["growth", "search", "ads", "core", "video", "music", "maps", "mail"];

interface Cost {
  readonly name: string;
  /** Milliseconds, the median of some rounds. */
  readonly ours: number;
  readonly floor: number;
  /** The longest that nobody else was let through, milliseconds. */
  readonly blocked: number;
}

export interface Measured {
  readonly objectCount: number;
  /** What adding one object costs among few and among many, milliseconds. */
  readonly adding: { readonly few: number; readonly many: number };
  readonly costs: readonly Cost[];
  /** How many objects the list and the sum of the aggregation say that there are. */
  readonly counted: { readonly list: number; readonly aggregated: number };
}

export async function measureObjects(objectCount: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "bucketlog-objects-"));
  const file = join(folder, "store.db");
  const store = await openBuckets<unknown>({ file, durability: "relaxed" });
  const bare = new Database(file, { readonly: true });
  try {
    for (const name of ["few", "many"]) await store.namespace().buckets.create(bucketOf(name));
    await fill(store, "few", fewObjects);
    const filling = await timed(() => fill(store, "many", objectCount));
    const filled: Cost = {
      name: `create ${objectCount}, ${perRequest} at once`,
      ours: filling,
      floor: insertBare(bare, join(folder, "bare.db")),
      blocked: 0,
    };
    const costs = [filled, ...(await measureReads(store, bare))];
    const counted = await count(store);
    return { objectCount, costs, counted, adding: await measureAdding(store) };
  } finally {
    bare.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function bucketOf(name: string) {
  const properties = {
    title: { type: "string" },
    team: { type: "string" },
    rank: { type: "integer" },
  };
  return { bucket_name: name, bucket_schema: { properties } };
}

function objectOf(index: number) {
  return {
    title: `Video number ${index}`,
    team: teams[index % teams.length] ?? "",
    rank: (index * 7_919) % 10_007,
    metadata: { tags: ["a", "b"], note: "as it was uploaded" },
  };
}

async function fill(
  store: BucketStore<unknown>,
  bucket: string,
  objectCount: number,
): Promise<void> {
  const objects = store.namespace().objects(bucket);
  for (let start = 0; start < objectCount; start += perRequest) {
    const bodies = Array.from({ length: perRequest }, (_, index) => objectOf(start + index));
    await objects.createMany(bodies);
  }
}

/** The same rows into a file of their own, as many to a transaction; milliseconds. */
function insertBare(db: Database.Database, file: string): number {
  const rows = texts.parse(db.prepare("SELECT state FROM objects").pluck().all());
  const into = new Database(file);
  into.pragma("journal_mode = WAL");
  into.pragma("synchronous = NORMAL");
  into.exec("CREATE TABLE objects (id INTEGER PRIMARY KEY, state TEXT NOT NULL)");
  const insert = into.prepare("INSERT INTO objects (state) VALUES (?)");
  const insertMany = into.transaction((states: readonly string[]) => {
    for (const state of states) insert.run(state);
  });
  const started = performance.now();
  for (let start = 0; start < rows.length; start += perRequest) {
    insertMany(rows.slice(start, start + perRequest));
  }
  const took = performance.now() - started;
  into.close();
  return took;
}

const texts = z.array(z.string());

const totalOf = {
  group_by: [{ field: "team" }],
  aggregations: [
    { function: "count", alias: "n" },
    { function: "avg", field: "rank", alias: "rank" },
  ],
};

async function measureReads(store: BucketStore<unknown>, db: Database.Database): Promise<Cost[]> {
  const objects = store.namespace().objects("many");
  const { bucket } = await store.namespace().buckets.get("many");
  const own = `FROM objects WHERE bucket_id = '${bucket.bucket_id}' AND is_deleted = 0`;
  const team = "state ->> '$.document.team'";
  const rank = "state ->> '$.document.rank'";
  const wanted = `${own} AND ${team} != 'ads'`;
  const filters = { field: "team", operator: "ne", value: "ads" };
  const sort = { field: "rank", direction: "desc" } as const;
  const byTime = "ORDER BY created_at DESC, object_id";
  const cases = [
    {
      name: "list, first page",
      run: () => objects.list(),
      sql: [`SELECT state ${own} ${byTime} LIMIT 11`, `SELECT count(*) ${own}`],
    },
    {
      name: "list, filtered",
      run: () => objects.list({ filters }),
      sql: [`SELECT state ${wanted} ${byTime} LIMIT 11`, `SELECT count(*) ${wanted}`],
    },
    {
      name: "list, filtered and sorted",
      run: () => objects.list({ filters, sort }),
      sql: [`SELECT state ${wanted} ORDER BY ${rank} DESC LIMIT 11`, `SELECT count(*) ${wanted}`],
    },
    {
      name: "aggregate by team",
      run: () => objects.aggregate(totalOf),
      sql: [`SELECT ${team}, count(*), avg(${rank}) ${own} GROUP BY 1`],
    },
  ];
  const costs: Cost[] = [];
  for (const { name, run, sql } of cases) {
    const statements = sql.map((each) => db.prepare(each));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const ours: number[] = [];
    const floors: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      delay.enable();
      ours.push(await timed(run));
      await new Promise((resolve) => setTimeout(resolve, 5));
      delay.disable();
      floors.push(await timed(async () => statements.map((statement) => statement.all())));
    }
    costs.push({ name, ours: median(ours), floor: median(floors), blocked: delay.max / 1e6 });
  }
  return costs;
}

async function count(store: BucketStore<unknown>): Promise<Measured["counted"]> {
  const objects = store.namespace().objects("many");
  const { pagination } = await objects.list({ limit: 1 });
  const { results } = await objects.aggregate(totalOf);
  const aggregated = results.reduce((sum, { metrics }) => sum + Number(metrics["n"]), 0);
  return { list: pagination.total ?? 0, aggregated };
}

/** In turns, so that what slows the machine down slows both. */
async function measureAdding(store: BucketStore<unknown>): Promise<Measured["adding"]> {
  const [few, many]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < additions; turn += 1) {
    const add = (bucket: string) => () => store.namespace().objects(bucket).create(objectOf(turn));
    few.push(await timed(add("few")));
    many.push(await timed(add("many")));
  }
  return { few: median(few), many: median(many) };
}

/** Milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export function printMeasured({ objectCount, adding, costs }: Measured): void {
  console.log(`${objectCount} objects in one bucket; medians of ${rounds} rounds, milliseconds`);
  for (const { name, ours, floor, blocked } of costs) {
    const [a, b] = [ours, floor].map((value) => value.toFixed(1).padStart(9));
    const ratio = (ours / floor).toFixed(1);
    const wait = blocked === 0 ? "" : `  blocked at most ${blocked.toFixed(0)}`;
    console.log(`${name.padEnd(28)} ${a}  floor ${b}  ratio ${ratio}${wait}`);
  }
  const ratio = (adding.many / adding.few).toFixed(2);
  const among = `among ${fewObjects} ${adding.few.toFixed(3)}, among ${objectCount} ${adding.many.toFixed(3)}`;
  console.log(`add one: ${among}, ratio ${ratio}`);
}
