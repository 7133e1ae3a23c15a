/**
 * A file of before there were totals of namespaces is given them by its migration, without being folded
 * anew: they are what the fold gives, and exact whatever the buckets hold.
 */
import Database from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readMigrations } from "../../src/engines/sqlite/migrate.js";
import { openBuckets } from "../../src/index.js";
import { seed } from "../domain/arbitraries.js";
import { temporaryFile } from "../support/backends.js";
import { raw } from "../support/sqlite.js";

const bucket_schema = { properties: { clip: { type: "video" } } };
const clip = (size_bytes: number) => ({
  blobs: [
    { property: "clip", type: "video", data: { url: "https://media.example/a.mp4", size_bytes } },
  ],
});

const totalsIn = (file: string) =>
  raw(file, (db) => db.prepare("SELECT * FROM namespace_totals ORDER BY namespace").all());

/** Two namespaces with buckets, also deleted and restored ones, and one with a deleted bucket alone. */
async function olderFile() {
  const file = temporaryFile();
  const store = await openBuckets({ file });
  for (const [name, sizes] of [
    ["films", [3, 4]],
    ["sounds", [5]],
  ] as const) {
    const namespace = store.namespace(name);
    for (const bucket_name of ["a", "b", "empty"]) {
      await namespace.buckets.create({ bucket_name, bucket_schema });
    }
    for (const size of sizes) {
      await namespace.objects("a").create(clip(size));
      await namespace.objects("b").create(clip(size));
    }
    const { bucket } = await namespace.buckets.get("b");
    await namespace.buckets.delete("b");
    if (name === "films") await namespace.buckets.restore(bucket.bucket_id ?? "");
  }
  const { buckets } = store.namespace("gone");
  await buckets.create({ bucket_name: "a", bucket_schema });
  await buckets.delete("a");
  await store.close();
  const kept = totalsIn(file);
  raw(file, (db) => {
    db.exec("DROP TABLE namespace_totals; DELETE FROM migrations WHERE number >= 19");
    db.pragma("user_version = 18");
  });
  return { file, kept };
}

test("the totals that the migration adds up are those that were kept", async () => {
  const { file, kept } = await olderFile();
  expect(kept).toEqual([
    { namespace: "films", bucket_count: 3, object_count: 4, total_size_bytes: "14" },
    { namespace: "sounds", bucket_count: 2, object_count: 1, total_size_bytes: "5" },
  ]);
  await expect(openBuckets({ file, readOnly: true })).rejects.toMatchObject({
    code: "FILE_INVALID",
    message: expect.stringContaining("older version"),
  });
  let folded = 0;
  const onUpgradeProgress = () => {
    folded += 1;
  };
  await using store = await openBuckets({ file, onUpgradeProgress });
  expect(totalsIn(file)).toEqual(kept);
  expect(folded).toBe(0);
  const listed = await store.namespace("films").buckets.list({ limit: 1 });
  expect(listed).toMatchObject({ total_count: 3, stats: { total_size_bytes: 14 } });
  expect(await store.verify()).toMatchObject({ ok: true });
  await store.namespace("sounds").objects("a").create(clip(6));
  await store.namespace("gone").buckets.create({ bucket_name: "a", bucket_schema });
  expect(await store.rebuild()).toMatchObject({ differences: 0 });
});

test("the migration adds up exactly what no integer holds", () => {
  const anyTotal = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    fc.constantFrom(0n, 1n, 999_999_999n, 1_000_000_000n, 2n ** 63n - 1n),
  );
  const anyBucket = fc.record({
    total: fc.option(anyTotal, { nil: undefined }),
    isDeleted: fc.constantFrom(0, 0, 0, 1),
  });
  const [last, ...earlier] = readMigrations()
    .filter(({ number }) => number <= 19)
    .reverse();
  const before = earlier.reverse().map(({ sql }) => sql);
  const added = (buckets: readonly { total: bigint | undefined; isDeleted: number }[]) => {
    const db = new Database(":memory:");
    for (const sql of before) db.exec(sql);
    const bucket = db.prepare("INSERT INTO buckets VALUES (?, 'films', '', 1, 1, ?, '{}', '0')");
    const totals = db.prepare("INSERT INTO bucket_totals VALUES (?, 1, ?)");
    for (const [index, { total, isDeleted }] of buckets.entries()) {
      bucket.run(`bkt_${index}`, isDeleted);
      if (total !== undefined) totals.run(`bkt_${index}`, total);
    }
    db.exec(last?.sql ?? "");
    const row = db.prepare("SELECT * FROM namespace_totals").get();
    db.close();
    return row;
  };
  fc.assert(
    fc.property(fc.array(anyBucket, { maxLength: 20 }), (buckets) => {
      const there = buckets.filter(({ isDeleted }) => isDeleted === 0);
      const filled = there.flatMap(({ total }) => total ?? []);
      expect(added(buckets)).toEqual(
        there.length === 0
          ? undefined
          : {
              namespace: "films",
              bucket_count: there.length,
              object_count: filled.length,
              total_size_bytes: String(filled.reduce((sum, total) => sum + total, 0n)),
            },
      );
    }),
    { seed, numRuns: 100 },
  );
});
