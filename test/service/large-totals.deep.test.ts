/** Goal: sizes that are declared of URLs add up beyond 2^53, and every read goes on. */
import { describe, expect, test } from "vitest";
import { limits } from "../../src/domain/limits.js";
import { openBuckets } from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";

const size_bytes = limits.declaredBytesMax;
const clip = (size: number) => ({
  property: "clip",
  type: "video",
  data: { url: "https://media.example/a.mp4", size_bytes: size },
});
const large = { blobs: Array.from({ length: 600 }, () => clip(size_bytes)) };

describe.each([
  ["memory", () => ":memory:"],
  ["SQLite", temporaryFile],
])("the total of a bucket in %s", (_, file) => {
  test("is exact, and answered as the nearest number, in every read and at any time", async () => {
    await using store = await openBuckets({ file: file() });
    const { buckets } = store.namespace();
    const bucket_schema = { properties: { clip: { type: "video" } } };
    await buckets.create({ bucket_name: "films", bucket_schema });
    const objects = store.namespace().objects("films");
    await expect(objects.create({ blobs: [clip(size_bytes + 1)] })).rejects.toMatchObject({
      code: "VALIDATION_FAILED",
    });
    const ids: string[] = [];
    for (const body of [large, large, { blobs: [clip(3)] }]) {
      ids.push((await objects.create(body)).object.object_id);
    }
    const total_size_bytes = Number(1_200n * BigInt(size_bytes) + 3n);
    expect(Number.isSafeInteger(total_size_bytes)).toBe(false);
    const totals = { total_size_bytes, storage_stats: { max_size_bytes: 600 * size_bytes } };
    expect((await buckets.get("films")).bucket).toMatchObject(totals);
    const past = (await store.head()).position;
    const list = { results: [totals], stats: { total_size_bytes } };
    expect(await buckets.list()).toMatchObject(list);
    expect((await objects.list()).stats).toMatchObject({ total_size_bytes });
    await buckets.create({ bucket_name: "empty", bucket_schema });
    const sort = { field: "total_size_bytes", direction: "desc" } as const;
    const first = await buckets.list({ sort, limit: 1 });
    const cursor = first.pagination.next_cursor ?? "";
    const second = await buckets.list({ sort, limit: 1, cursor });
    const names = [first, second].flatMap((page) => page.results.map((it) => it.bucket_name));
    expect(names).toEqual(["films", "empty"]);
    expect((await store.verify()).ok).toBe(true);
    for (const id of ids.slice(0, 2)) await objects.delete(id);
    // What was added up beyond 2^53 has lost nothing of what is left.
    expect((await buckets.get("films")).bucket).toMatchObject({ total_size_bytes: 3 });
    const then = await buckets.get("films", { asOf: `@${past}` });
    expect(then.bucket).toMatchObject(totals);
    expect(await buckets.list({ asOf: `@${past}` })).toMatchObject(list);
    await store.rebuild();
    expect((await store.verify()).ok).toBe(true);
  });
});
