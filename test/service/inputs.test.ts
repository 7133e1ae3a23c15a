/** Goal: what does not fit does not compile, and events tell what they have by their type. */
import { expect, expectTypeOf, test } from "vitest";
import {
  type Batches,
  type Connections,
  type CreateBucketInput,
  type FeedEvent,
  type HistoryEntry,
  type Namespace,
  type Objects,
  type Operation,
  openBuckets,
  type SourceAdapter,
  type Uploads,
  type VerifyOptions,
} from "../../src/index.js";

const films = {
  bucket_name: "films",
  bucket_schema: { properties: { title: { type: "string" } } },
} as const;

test("what is written down wrongly does not compile", async () => {
  await using store = await openBuckets({ file: ":memory:" });
  const namespace = store.namespace();
  const { buckets } = namespace;
  const refused: Promise<unknown>[] = [
    // @ts-expect-error: the name is mistyped.
    buckets.create({ bucket_nme: "films", bucket_schema: { properties: {} } }),
    // @ts-expect-error: a name is no number.
    buckets.create({ ...films, bucket_name: 5 }),
    // @ts-expect-error: there is no such policy.
    buckets.create({ ...films, unique_key: { fields: ["title"], default_policy: "replace" } }),
    // @ts-expect-error: a batch is of objects.
    namespace.batches("films").create({ objects: ["obj_1"] }),
    // @ts-expect-error: the operation is of no kind.
    namespace.transaction([{ type: "crate", body: films }]),
    // @ts-expect-error: the permission is none.
    store.tokens.create({ name: "a", permission: "all" }),
    // @ts-expect-error: a lease is in seconds.
    namespace.claimBatch({ worker: "w", lease: 5 }),
    // @ts-expect-error: the operator is none.
    buckets.list({ filters: { field: "bucket_name", operator: "equals", value: "a" } }),
  ];
  for (const result of await Promise.allSettled(refused)) {
    expect(result).toMatchObject({ status: "rejected", reason: { name: "BucketsError" } });
  }
});

test("what fits compiles, also when it is frozen, and each patch by its media type", async () => {
  await using store = await openBuckets({ file: ":memory:" });
  const namespace = store.namespace();
  await namespace.buckets.create(films, { reason: "new" });
  await namespace.buckets.patch("films", { description: "Q4", metadata: { team: "growth" } });
  const merge = { mediaType: "application/merge-patch+json" } as const;
  await namespace.buckets.patch("films", { metadata: { team: null, budget: 5 } }, merge);
  const json = { mediaType: "application/json-patch+json" } as const;
  const set = [{ op: "replace", path: "/description", value: "Q5" }] as const;
  const patched = await namespace.buckets.patch("films", set, json);
  expect(patched.bucket.description).toBe("Q5");
  // @ts-expect-error: a list of operations is no partial update.
  await expect(namespace.buckets.patch("films", set)).rejects.toThrow();
  const operations: Operation[] = [
    { type: "create_object", bucket: "films", body: { title: "a" } },
    { type: "patch", bucket: "films", patch: set, ...json },
    { type: "revert", bucket: "films", body: { to: 1, fields: ["/description"] } },
  ];
  expect((await namespace.transaction(operations)).results).toHaveLength(3);
  const filters = { AND: [{ field: "title", operator: "in", value: ["a"] }] } as const;
  const { results } = await namespace.objects("films").list({ filters });
  expect(results).toHaveLength(1);
});

test("a program that passes on what others send says so", async () => {
  await using store = await openBuckets<unknown>({ file: ":memory:" });
  const sent: unknown = { bucket_nme: "films" };
  await expect(store.namespace().buckets.create(sent)).rejects.toMatchObject({
    code: "VALIDATION_FAILED",
  });
});

test("an event has what its type says", async () => {
  await using store = await openBuckets({ file: ":memory:" });
  const { buckets, objects } = { ...parts(store.namespace()) };
  await buckets.create({ ...films, unique_key: { fields: ["title"] } });
  await buckets.lock("films", { expires_at: "2999-01-01T00:00:00Z" });
  await buckets.unlock("films");
  await objects.create({ title: "a" }, { policy: "insert" });
  const told: unknown[] = [];
  const page = await store.events().page();
  for (const event of page?.results ?? []) told.push(tell(event));
  expect(told).toEqual([["title"], "2999-01-01T00:00:00.000Z", "bucket.unlocked", "obj_"]);
});

function parts(namespace: Namespace) {
  return { buckets: namespace.buckets, objects: namespace.objects("films") };
}

function tell(event: FeedEvent): unknown {
  switch (event.type) {
    case "bucket.created":
      return event.unique_key?.fields;
    case "bucket.locked":
      return event.expires_at;
    case "object.created":
      expectTypeOf(event.object_id).toEqualTypeOf<string>();
      // @ts-expect-error: an object has no lock.
      expect(event.expires_at).toBeUndefined();
      return event.object_id.slice(0, 4);
    default:
      return event.type;
  }
}

test("every noun has a name", () => {
  expectTypeOf<Namespace["objects"]>().returns.toEqualTypeOf<Objects>();
  expectTypeOf<Namespace["batches"]>().returns.toEqualTypeOf<Batches>();
  expectTypeOf<Namespace["uploads"]>().returns.toEqualTypeOf<Uploads>();
  expectTypeOf<Namespace["sourceAdapter"]>().returns.toEqualTypeOf<SourceAdapter>();
  expectTypeOf<Namespace["connections"]>().toEqualTypeOf<Connections>();
  expectTypeOf<VerifyOptions>().toHaveProperty("blobs");
  expectTypeOf<CreateBucketInput>().toHaveProperty("bucket_name").toEqualTypeOf<string>();
  expectTypeOf<HistoryEntry>().toHaveProperty("changes");
});
