/**
 * Goal: a whole namespace is as it was at a moment, by ordinary events, whichever face it is asked
 * through; and nothing of others, or of what came between, is overwritten.
 */
import { describe, expect, test } from "vitest";
import {
  type BucketStore,
  connectBuckets,
  type Namespace,
  openBuckets,
  type WriteOptions,
} from "../../src/index.js";
import { startServer } from "../../src/server.js";

const empty = { bucket_schema: { properties: {} } };
const titled = { bucket_schema: { properties: { title: { type: "string" } } } };

const faces: Record<
  string,
  (work: (store: BucketStore<unknown>) => Promise<void>) => Promise<void>
> = {
  "the library": async (work) => {
    await using store = await openBuckets<unknown>({ file: ":memory:" });
    await work(store);
  },
  "the client": async (work) => {
    await using server = await startServer();
    await using store = connectBuckets<unknown>({ baseUrl: server.url, token: server.token });
    await work(store);
  },
};

/** What there is: names, documents and status of buckets and of the objects in them. */
async function shown(namespace: Namespace<WriteOptions, unknown>) {
  const { results } = await namespace.buckets.list({ limit: 1_000 });
  const all = await Promise.all(
    results.map(async ({ bucket_id, bucket_name, description, status, metadata }) => {
      const listed = await namespace.objects(bucket_id ?? "").list({ limit: 1_000 });
      return {
        bucket_name,
        description,
        status,
        metadata,
        objects: listed.results.map(({ object_id, title, metadata: own }) => ({
          object_id,
          title,
          own,
        })),
      };
    }),
  );
  return all.sort((a, b) => (String(a.bucket_name) < String(b.bucket_name) ? -1 : 1));
}

async function record(namespace: Namespace<WriteOptions, unknown>): Promise<string> {
  const { buckets } = namespace;
  const objects = (bucket: string) => namespace.objects(bucket);
  for (const name of ["changed", "deleted", "kept", "archived", "suspended", "emptied"]) {
    await buckets.create({ bucket_name: name, ...titled, description: "of then" });
  }
  await buckets.archive("archived");
  const { object } = await objects("changed").create({ title: "of then" });
  await objects("emptied").create({ title: "gone" });
  await objects("deleted").create({ title: "in a deleted one" });
  await objects("suspended").create({ title: "in a suspended one" });
  return String(object.object_id);
}

async function harm(namespace: Namespace<WriteOptions, unknown>, object: string): Promise<void> {
  const { buckets } = namespace;
  const objects = (bucket: string) => namespace.objects(bucket);
  await buckets.patch("changed", { description: "of now", metadata: { a: 1 } });
  await objects("changed").patch(object, { title: "of now" });
  await objects("changed").create({ title: "new" });
  const { results } = await objects("emptied").list({});
  for (const { object_id: id } of results) await objects("emptied").delete(String(id));
  await buckets.delete("deleted");
  await buckets.create({ bucket_name: "deleted", ...empty, description: "has its name" });
  await buckets.activate("archived");
  await buckets.patch("suspended", { description: "of now" });
  await buckets.suspend("suspended");
}

describe.each(Object.entries(faces))("asked through %s", (_, within) => {
  test("what is no moment, or is not there, is refused, and so is what is no option", async () => {
    await within(async (store) => {
      const namespace = store.namespace();
      await record(namespace);
      const refused = async (asOf: string, code: string) =>
        await expect(namespace.revert({ asOf })).rejects.toMatchObject({ code });
      await refused("7", "BAD_REQUEST");
      await refused("yesterday", "BAD_REQUEST");
      await refused("@9999", "NOT_FOUND");
    });
  });

  test("all is as it was: changed, deleted, new, archived and suspended; once more does nothing", async () => {
    await within(async (store) => {
      const namespace = store.namespace();
      const object = await record(namespace);
      const before = await shown(namespace);
      const { position } = await store.head();
      await harm(namespace, object);
      const harmed = await store.head();
      const asOf = `@${position}`;

      const preview = await namespace.revert({ asOf, dryRun: true });
      expect(preview).toMatchObject({ dry_run: true, deleted: 2, restored: 2, changed: 4 });
      expect(preview.transaction_ids).toEqual([]);
      expect(await store.head()).toEqual(harmed);

      const done = await namespace.revert({ asOf, reason: "an import went wrong" });
      expect({ ...done, dry_run: true, transaction_ids: [] }).toEqual(preview);
      expect(done.transaction_ids).toHaveLength(1);
      expect(await shown(namespace)).toEqual(before);
      const { results } = await namespace.buckets.history("changed", { order: "desc", limit: 1 });
      expect(results[0]).toMatchObject({
        type: "bucket.reverted",
        reason: "an import went wrong",
        transaction_id: done.transaction_ids[0],
      });
      expect(await store.verify()).toMatchObject({ ok: true });

      const again = await store.head();
      expect(await namespace.revert({ asOf })).toMatchObject({ resources: [], has_more: false });
      expect(await store.head()).toEqual(again);
      expect((await namespace.revert({ asOf: `@${harmed.position}` })).changed).toBe(4);
    });
  });
});

test("what was changed behind the dry run that was looked at is told, and not overwritten", async () => {
  for (const within of Object.values(faces)) {
    await within(async (store) => {
      const namespace = store.namespace();
      await record(namespace);
      const { position } = await store.head();
      const asOf = `@${position}`;
      await namespace.buckets.patch("kept", { description: "of now" });
      const { compared_at: seen, changed } = await namespace.revert({ asOf, dryRun: true });
      expect([seen, changed]).toEqual([position + 1, 1]);

      await store.namespace("other").buckets.create({ bucket_name: "new", ...empty });
      await store.namespace("default", { actor: "ana" }).objects("kept").create({ title: "late" });
      const late = await store.head();
      await expect(namespace.revert({ asOf, ifPosition: seen })).rejects.toMatchObject({
        code: "PRECONDITION_FAILED",
        details: {
          if_position: seen,
          current_position: late.position,
          missed: [{ resource_id: expect.stringMatching(/^obj_/), version: 1, actor: "ana" }],
        },
      });
      expect(await store.head()).toEqual(late);

      const { compared_at: ifPosition } = await namespace.revert({ asOf, dryRun: true });
      expect(await namespace.revert({ asOf, ifPosition })).toMatchObject({
        changed: 1,
        deleted: 1,
      });
    });
  }
});

test("another namespace stays as it is", async () => {
  await using store = await openBuckets<unknown>({ file: ":memory:" });
  const [one, other] = [store.namespace("one"), store.namespace("other")];
  await record(one);
  const { position } = await store.head();
  await one.buckets.patch("kept", { description: "of now" });
  await other.buckets.create({ bucket_name: "new", ...empty });
  await one.revert({ asOf: `@${position}` });
  expect(await shown(other)).toHaveLength(1);
  expect((await one.buckets.get("kept")).bucket.description).toBe("of then");
});

test("more than fits in a transaction is several, and what is locked stops it where it is", async () => {
  await using store = await openBuckets<unknown>({ file: ":memory:" });
  const namespace = store.namespace();
  await namespace.buckets.create({ bucket_name: "first", ...titled });
  const { position } = await store.head();
  const objects = Array.from({ length: 100 }, (_, n) => ({ title: `${n}` }));
  await namespace.objects("first").createMany(objects);
  await namespace.objects("first").createMany(objects);
  const asOf = `@${position}`;
  await namespace.buckets.lock("first", { reason: "audit" });
  await expect(namespace.revert({ asOf })).rejects.toMatchObject({
    code: "BUCKET_LOCKED",
    details: { operations_done: 0 },
  });
  await namespace.buckets.unlock("first");
  const done = await namespace.revert({ asOf });
  expect(done.deleted).toBe(200);
  expect(done.transaction_ids).toHaveLength(2);
  expect((await namespace.objects("first").list({})).results).toEqual([]);
});

test("secrets stay as they are now, and are no difference", async () => {
  await using store = await openBuckets<unknown>({ file: ":memory:" });
  const namespace = store.namespace();
  const adapter = (secret: string) => ({
    source_adapter: { adapter_type: "generic_webhook", webhook_secret: secret, field_mapping: {} },
  });
  await namespace.buckets.create({
    bucket_name: "hooked",
    ...empty,
    ...adapter("the first secret of it"),
  });
  const { position } = await store.head();
  await namespace.buckets.patch("hooked", adapter("the second secret of it"));
  expect(await namespace.revert({ asOf: `@${position}` })).toMatchObject({ resources: [] });
});
