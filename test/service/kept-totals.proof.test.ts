/**
 * Goal: what lists tell of all there is, which is kept, is what the same lists count when they are asked for
 * what is made since 1970, and what their rows add up to. Method: random stories of namespaces, buckets and
 * what is in them with a fixed seed, on both engines, also in transactions, and after a rebuild.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type EmbeddedStore, isBucketsError, openBuckets } from "../../src/index.js";
import { seed } from "../domain/arbitraries.js";
import { temporaryFile } from "../support/backends.js";
import { depth } from "../support/depth.js";

const names = ["one", "two"] as const;
const everything = { field: "created_at", operator: "gte", value: "1970-01-01" } as const;
const limit = 1_000;

const bucketBody = (bucket_name: string) => ({
  bucket_name,
  bucket_schema: { properties: { note: { type: "text" }, clip: { type: "video" } } },
});

function objectBody(size: number) {
  const url = "https://media.example/a.mp4";
  return { blobs: [{ property: "clip", type: "video", data: { url, size_bytes: size } }] };
}

const deeds = [
  "make bucket",
  "delete bucket",
  "restore bucket",
  "patch bucket",
  "make object",
  "make object",
  "make objects",
  "change object",
  "delete object",
  "delete object",
  "restore object",
  "restore object",
  "upload",
  "batch",
  "make and fill in one",
  "empty and delete in one",
  "make namespace",
  "delete namespace",
  "revert namespace",
  "rebuild",
] as const;

const anyStep = fc.record({
  deed: fc.constantFrom(...deeds),
  name: fc.constantFrom(...names),
  pick: fc.nat({ max: 2 }),
  size: fc.nat({ max: 9 }),
});
type Step = typeof anyStep extends fc.Arbitrary<infer One> ? One : never;

/** So that later steps have something to be about. */
const beginnings: readonly Step[] = names.flatMap((name) =>
  (["make bucket", "make object"] as const).map((deed) => ({ deed, name, pick: 0, size: 1 })),
);

/** A store, and what was made in it by the order in which it was. */
class Story {
  readonly #buckets = new Map<string, string[]>();
  readonly #objects = new Map<string, string[]>();
  /** After each step: amid one, the order of its events is nobody's business. */
  readonly #ends: number[] = [];
  #made = 0;

  constructor(readonly store: EmbeddedStore) {}

  /** @returns what it is refused with, if it is: the story goes on. */
  async tell(step: Step): Promise<string | undefined> {
    try {
      await this.#do(step);
      return undefined;
    } catch (error) {
      if (isBucketsError(error)) return error.code;
      throw error;
    } finally {
      this.#ends.push((await this.store.head()).position);
    }
  }

  async #do({ deed, name, pick, size }: Step): Promise<void> {
    const { store } = this;
    const namespace = store.namespace(name);
    const { buckets } = namespace;
    const bucket = picked(this.#buckets.get(name), pick);
    const object = picked(this.#objects.get(bucket), pick);
    const objects = namespace.objects(bucket);
    const keep = (id: string) => remember(this.#objects, bucket, id);
    this.#made += 1;
    const called = `${name} ${this.#made}`;
    switch (deed) {
      case "make bucket": {
        const made = await buckets.create(bucketBody(called));
        remember(this.#buckets, name, made.bucket.bucket_id);
        return;
      }
      case "delete bucket":
        await buckets.delete(bucket);
        return;
      case "restore bucket":
        await buckets.restore(bucket);
        return;
      case "patch bucket":
        await buckets.patch(bucket, { description: called });
        return;
      case "make object":
        keep((await objects.create(objectBody(size))).object.object_id);
        return;
      case "make objects": {
        const made = await objects.createMany([objectBody(size), objectBody(1), objectBody(size)]);
        for (const one of made.succeeded) keep(one.object.object_id);
        return;
      }
      case "change object":
        await objects.put(object, objectBody(size));
        return;
      case "delete object":
        await objects.delete(object);
        return;
      case "restore object":
        await objects.restore(object);
        return;
      case "upload": {
        const announced = { filename: "a.txt", content_type: "text/plain", blob_property: "note" };
        const uploads = namespace.uploads(bucket);
        const { upload } = await uploads.create(announced);
        await uploads.receive(upload.upload_id, new Blob(["n".repeat(size + 1)]));
        await uploads.confirm(upload.upload_id);
        return;
      }
      case "batch":
        await namespace.batches(bucket).create({ object_ids: [object] });
        return;
      case "make and fill in one": {
        const body = objectBody(size);
        await namespace.transaction([
          { type: "create", body: bucketBody(called) },
          { type: "create_object", bucket: called, body },
          { type: "create_object", bucket: called, body },
        ]);
        return;
      }
      case "empty and delete in one":
        await namespace.transaction([
          { type: "delete_object", bucket, object },
          { type: "delete", bucket },
        ]);
        return;
      case "make namespace":
        await store.namespaces.create({ namespace_name: name });
        return;
      case "delete namespace":
        await store.namespaces.delete(name);
        return;
      case "revert namespace":
        await namespace.revert({ asOf: `@${this.#ends.at(-1 - 3 * pick) ?? 1}` });
        return;
      case "rebuild":
        expect(await store.rebuild()).toMatchObject({ differences: 0 });
    }
  }

  /** Everything that lists tell, after it was compared with what they count. */
  async told(): Promise<unknown> {
    const { results } = await this.store.namespaces.list({ limit });
    const found = [];
    for (const name of names) {
      const namespace = this.store.namespace(name);
      const { buckets } = namespace;
      const all = await buckets.list({ limit });
      const counted = await buckets.list({ filters: everything, limit: 1 });
      const { total_count, stats } = await buckets.list({ limit: 1 });
      expect({ total_count, stats }).toEqual({
        total_count: counted.total_count,
        stats: counted.stats,
      });
      const objectCounts = all.results.map(({ object_count }) => object_count ?? 0);
      const object_count = objectCounts.reduce((sum, count) => sum + count, 0);
      expect([total_count, stats.total_objects]).toEqual([all.results.length, object_count]);
      const sorted = await buckets.list({ sort: { field: "bucket_name" }, limit: 1 });
      expect(sorted).toMatchObject({ total_count, stats });
      const told = results.find(({ namespace_name }) => namespace_name === name);
      expect([told?.bucket_count ?? 0, told?.object_count ?? 0]).toEqual([
        total_count,
        object_count,
      ]);
      for (const [index, { bucket_id: id = "" }] of all.results.entries()) {
        const objects = namespace.objects(id);
        const { pagination } = await objects.list({ limit: 1 });
        const filtered = await objects.list({ filters: everything, limit: 1 });
        expect(pagination.total).toBe(filtered.pagination.total);
        expect(pagination.total).toBe(objectCounts[index]);
      }
      found.push({ name, total_count, stats });
    }
    return { found, namespaces: results.map(({ namespace_name }) => namespace_name) };
  }
}

function remember(made: Map<string, string[]>, where: string, id: string): void {
  made.set(where, [...(made.get(where) ?? []), id]);
}

const nobody = "none";

function picked(ids: readonly string[] = [], pick: number): string {
  return ids[pick % Math.max(ids.length, 1)] ?? nobody;
}

test.each([
  ["memory", () => ":memory:"],
  ["sqlite", temporaryFile],
])(
  "no namespace is there by what a deleted bucket holds, or by a token, on %s",
  async (_, file) => {
    await using store = await openBuckets({ file: file() });
    await store.tokens.create({ name: "guest", permission: "read" });
    const films = store.namespace("films");
    const { buckets } = films;
    await buckets.create(bucketBody("a"));
    await films.objects("a").create(objectBody(1));
    expect((await store.namespaces.list()).results).toMatchObject([{ namespace_name: "films" }]);
    await buckets.delete("a");
    expect((await store.namespaces.list()).results).toEqual([]);
    await expect(store.namespaces.get("films")).rejects.toMatchObject({ code: "NOT_FOUND" });
  },
);

test("what is kept of buckets and objects is what lists count of them", async () => {
  const done = new Set<string>();
  const cases = fc.asyncProperty(
    fc.array(anyStep, { minLength: 20, maxLength: 40, size: "max" }),
    async (steps) => {
      await using memory = await openBuckets({ file: ":memory:" });
      await using sqlite = await openBuckets({ file: temporaryFile(), durability: "relaxed" });
      const [first, second] = [new Story(memory), new Story(sqlite)];
      for (const { store } of [first, second]) {
        await store.tokens.create({ name: "guest", permission: "read" });
      }
      for (const step of [...beginnings, ...steps]) {
        const refused = await first.tell(step);
        expect(await second.tell(step), step.deed).toBe(refused);
        if (refused === undefined) done.add(step.deed);
        expect(await second.told(), step.deed).toEqual(await first.told());
      }
      for (const { store } of [first, second]) {
        expect(await store.verify()).toMatchObject({ ok: true });
        expect(await store.rebuild()).toMatchObject({ differences: 0 });
      }
      expect(await second.told()).toEqual(await first.told());
    },
  );
  await fc.assert(cases, { seed, numRuns: depth({ smoke: 6, deep: 60 }) });
  expect(deeds.filter((deed) => !done.has(deed))).toEqual([]);
}, 600_000);
