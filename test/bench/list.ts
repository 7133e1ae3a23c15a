/**
 * What a list costs among 100,000 buckets of one namespace, beside its floor: the bare SQL that does
 * the same work on the same rows without asking the domain anything.
 *
 *     node --import tsx test/bench/list.ts
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type BucketStore, type ListQuery, openBuckets } from "../../src/index.js";

const bucketCount = 100_000;
const sliceSize = 1_000;
const rounds = 7;
const teams = ["growth", "search", "ads", "core", "video", "music", "maps", "mail"];

const folder = mkdtempSync(join(tmpdir(), "bucketlog-bench-"));
const file = join(folder, "list.db");
const store = await openBuckets({ file, durability: "relaxed" });
const bare = new Database(file, { readonly: true });
try {
  await fill(store);
  await compare(store, bare);
} finally {
  bare.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}

async function fill(opened: BucketStore): Promise<void> {
  const { buckets } = opened.namespace();
  for (let start = 0; start < bucketCount; start += sliceSize) {
    const slice = Array.from({ length: sliceSize }, (_, index) => bucketOf(start + index));
    await Promise.all(slice.map((bucket) => buckets.create(bucket)));
  }
}

function bucketOf(index: number) {
  return {
    bucket_name: `product-videos-${index}`,
    description: `Videos of product number ${index}, as they were uploaded.`,
    metadata: { team: teams[index % teams.length] ?? "", rank: index % 1_000, tags: ["a", "b"] },
    bucket_schema: { properties: { video_id: { type: "string" }, video: { type: "video" } } },
  };
}

interface Case {
  readonly name: string;
  readonly query: ListQuery;
  /** The statements that somebody would write by hand for it. */
  readonly sql: readonly string[];
}

async function compare(opened: BucketStore, db: Database.Database): Promise<void> {
  const { buckets } = opened.namespace();
  const own = "FROM buckets WHERE namespace = 'default' AND is_deleted = 0";
  const byTime = "ORDER BY created_at DESC, bucket_id LIMIT 11";
  const team = "state ->> '$.document.metadata.team' = 'growth'";
  const name = "(state ->> '$.document.bucket_name')";
  const text = `(bucket_id || ${name} || (state ->> '$.document.description'))`;
  const found = `instr(lower${text}, 'number 4242,') > 0`;
  const second = (await buckets.list()).pagination.next_cursor;
  const cases: readonly Case[] = [
    {
      name: "first page",
      query: {},
      sql: [`SELECT state ${own} ${byTime}`, `SELECT count(*) ${own}`],
    },
    {
      name: "next page by cursor",
      query: { cursor: second },
      sql: [
        `SELECT state ${own} AND created_at <= '9' ${byTime} OFFSET 10`,
        `SELECT count(*) ${own}`,
      ],
    },
    {
      name: "metadata.team eq",
      query: { filters: { "metadata.team": "growth" } },
      sql: [`SELECT state ${own} AND ${team} ${byTime}`, `SELECT count(*) ${own} AND ${team}`],
    },
    {
      name: "metadata.rank gt, nothing found",
      query: { filters: { field: "metadata.rank", operator: "gt", value: 5_000 } },
      sql: [`SELECT state ${own} AND state ->> '$.document.metadata.rank' > 5000 ${byTime}`],
    },
    {
      name: "search, one found",
      query: { search: "NUMBER 4242," },
      sql: [`SELECT state ${own} AND ${found} ${byTime}`],
    },
    {
      name: "regex on the name",
      query: { filters: { field: "bucket_name", operator: "regex", value: "-[0-9]+77$" } },
      sql: [
        `SELECT state ${own} AND ${name} LIKE '%77' ${byTime}`,
        `SELECT count(*) ${own} AND ${name} LIKE '%77'`,
      ],
    },
    {
      name: "sort by name",
      query: { sort: { field: "bucket_name" } },
      sql: [`SELECT state ${own} ORDER BY ${name} LIMIT 11`, `SELECT count(*) ${own}`],
    },
    {
      name: "source_adapter eq, rendered",
      query: { filters: { "source_adapter.enabled": true } },
      sql: [`SELECT state ${own} AND state ->> '$.document.source_adapter.enabled' ${byTime}`],
    },
  ];
  console.log(`${bucketCount} buckets; medians of ${rounds} rounds`);
  for (const { name: title, query, sql } of cases) {
    const statements = sql.map((each) => db.prepare(each));
    const ours: number[] = [];
    const floor: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      ours.push(await timed(() => buckets.list(query)));
      floor.push(await timed(async () => statements.map((statement) => statement.all())));
    }
    const [a, b] = [median(ours), median(floor)];
    console.log(`${title.padEnd(34)} ${ms(a)}  floor ${ms(b)}  ratio ${(a / b).toFixed(2)}`);
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function ms(value: number): string {
  return `${value.toFixed(1).padStart(7)} ms`;
}
