/**
 * Batches through the library, on both engines: what is refused, that no two workers ever have one
 * batch, that a worker who lost it is fenced off, and that the statistics tell of all of it.
 */
import { describe, expect, test } from "vitest";
import { BucketsError, type ErrorCode } from "../../src/domain/errors.js";
import {
  type EmbeddedStore,
  type Namespace,
  openBuckets,
  type WriteOptions,
} from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";
import { FixedClock } from "../support/clock.js";

const engines = [
  ["memory", () => ":memory:"],
  ["sqlite", temporaryFile],
] as const;

const worker = (name = "w", seconds = 60) => ({ worker: name, lease_seconds: seconds });

interface Subject {
  readonly store: EmbeddedStore<unknown>;
  readonly namespace: Namespace<WriteOptions, unknown>;
  readonly clock: FixedClock;
  /** Of the objects in the bucket `clips`. */
  readonly ids: readonly string[];
}

async function withObjects(file: string, use: (subject: Subject) => Promise<void>) {
  const clock = new FixedClock();
  await using store = await openBuckets<unknown>({
    file,
    clock: clock.read,
    durability: "relaxed",
  });
  const namespace = store.namespace();
  await namespace.buckets.create({ bucket_name: "clips", bucket_schema: { properties: {} } });
  const { succeeded } = await namespace.objects("clips").createMany([{}, {}, {}]);
  await use({ store, namespace, clock, ids: succeeded.map(({ object }) => object.object_id) });
}

async function refusal(act: Promise<unknown>): Promise<ErrorCode | "none"> {
  try {
    await act;
    return "none";
  } catch (error) {
    if (error instanceof BucketsError) return error.code;
    throw error;
  }
}

/** A batch of all objects that waits for a worker. */
async function submitted({ namespace, ids, clock }: Subject): Promise<string> {
  const { batch } = await namespace.batches("clips").create({ object_ids: ids });
  await namespace.batches("clips").submit(batch.batch_id);
  clock.advance(1);
  return batch.batch_id;
}

async function claimed(namespace: Namespace<WriteOptions, unknown>, body = worker()) {
  const written = await namespace.claimBatch(body);
  const { batch_id: id, lease } = written?.batch ?? {};
  if (id === undefined || lease === undefined) throw new Error("no batch was claimed");
  return { id, claim_id: lease.claim_id };
}

async function statsOf(namespace: Namespace<WriteOptions, unknown>, asOf?: string) {
  return (await namespace.buckets.get("clips", { asOf })).bucket.batch_stats;
}

describe.each(engines)("batches on %s", (_, file) => {
  test("one of which every object was deleted is not submitted, and they are named", () =>
    withObjects(file(), async ({ namespace, ids, store }) => {
      const batches = namespace.batches("clips");
      const { batch } = await batches.create({ object_ids: ids });
      for (const id of ids) await namespace.objects("clips").delete(id);
      const { position } = await store.head();
      await expect(batches.submit(batch.batch_id)).rejects.toMatchObject({
        code: "BAD_REQUEST",
        message: expect.stringContaining(ids[0] ?? ""),
        details: { deleted_object_ids: ids },
      });
      expect((await store.head()).position).toBe(position);
      await namespace.objects("clips").restore(ids[1] ?? "");
      expect((await batches.submit(batch.batch_id)).task.status).toBe("PENDING");
    }));

  test("what was deleted meanwhile is told to the worker and not handed out", () =>
    withObjects(file(), async (subject) => {
      const { namespace, ids, clock, store } = subject;
      const [first = "", ...rest] = ids;
      const id = await submitted(subject);
      await namespace.objects("clips").delete(first);
      const taken = await namespace.claimBatch(worker());
      const told = { object_ids: rest, deleted_object_ids: [first] };
      expect(taken?.batch).toMatchObject(told);
      const batches = namespace.batches("clips");
      expect((await batches.get(id)).batch).toMatchObject(told);
      const report = { claim_id: taken?.batch.lease?.claim_id, failed_count: 0 };
      const all = { ...report, processed_count: ids.length };
      expect(await refusal(batches.progress(id, all))).toBe("VALIDATION_FAILED");
      await batches.progress(id, { ...report, processed_count: rest.length });
      clock.advance(60_000);
      expect((await batches.get(id)).batch).toMatchObject({ object_ids: ids });
      await namespace.objects("clips").restore(first);
      const again = await namespace.claimBatch(worker());
      expect(again?.batch).toMatchObject({ object_ids: ids });
      expect(again?.batch).not.toHaveProperty("deleted_object_ids");
      clock.advance(60_000);
      for (const each of ids) await namespace.objects("clips").delete(each);
      const last = await namespace.claimBatch(worker());
      expect(last?.batch).toMatchObject({ object_ids: [], deleted_object_ids: ids });
      await batches.complete(id, { claim_id: last?.batch.lease?.claim_id });
      expect((await batches.get(id)).batch).toMatchObject({ status: "COMPLETED", object_ids: [] });
      expect(await store.verify()).toMatchObject({ ok: true });
    }));

  test("what does not fit is refused, and leaves no trace", () =>
    withObjects(file(), async ({ store, namespace, ids }) => {
      const batches = namespace.batches("clips");
      const { position } = await store.head();
      for (const body of [
        {},
        { object_ids: [] },
        { object_ids: ["obj_none"] },
        { object_ids: ids, metadata: 1 },
      ]) {
        expect(await refusal(batches.create(body)), JSON.stringify(body)).toBe("VALIDATION_FAILED");
      }
      expect(await refusal(namespace.batches("none").create({ object_ids: ids }))).toBe(
        "NOT_FOUND",
      );
      expect(await refusal(batches.get("btch_none"))).toBe("NOT_FOUND");
      expect(await refusal(batches.submit("btch_none"))).toBe("NOT_FOUND");
      for (const body of [{}, { worker: "" }, { worker: "w" }, worker("w", 0), worker("w", 1e9)]) {
        expect(await refusal(namespace.claimBatch(body))).toBe("VALIDATION_FAILED");
      }
      expect((await store.head()).position).toBe(position);
    }));

  test("one goes from draft to completed, and its task tells how far it is", () =>
    withObjects(file(), async ({ namespace, ids, clock }) => {
      const batches = namespace.batches("clips");
      const [first = "", ...others] = ids;
      const { batch, changes } = await batches.create({ object_ids: [first] });
      const { batch_id: id } = batch;
      expect(batch).toMatchObject({ status: "DRAFT", object_ids: [first] });
      expect(changes.map(({ path }) => path)).toEqual(["/object_ids", "/metadata"]);
      await batches.addObjects(id, { object_ids: others });
      await batches.patch(id, { metadata: { run: 1 } });
      const { task } = await batches.submit(id);
      expect(task).toMatchObject({ status: "PENDING", batch_id: id, object_count: 3 });
      expect(await refusal(batches.addObjects(id, { object_ids: [first] }))).toBe("BAD_REQUEST");
      const claim = await claimed(namespace);
      const statusOf = async () => (await namespace.tasks.get(task.task_id)).status;
      expect(await statusOf()).toBe("IN_PROGRESS");
      clock.advance(1_000);
      await batches.progress(id, { claim_id: claim.claim_id, processed_count: 2 });
      expect(await statusOf()).toBe("PROCESSING");
      const errors = [{ object_id: first, message: "not a video" }];
      const done = await batches.complete(id, { claim_id: claim.claim_id, errors });
      expect(done.batch.status).toBe("COMPLETED_WITH_ERRORS");
      expect(await statusOf()).toBe("COMPLETED_WITH_ERRORS");
      expect((await namespace.tasks.list()).results).toMatchObject([{ task_id: task.task_id }]);
      const history = await batches.history(id, { order: "asc" });
      expect(history.results.map(({ type }) => type)).toEqual([
        "batch.created",
        "batch.objects_added",
        "batch.patched",
        "batch.submitted",
        "batch.claimed",
        "batch.progressed",
        "batch.completed",
      ]);
      expect((await batches.get(id, { asOf: "2" })).batch).toMatchObject({
        status: "DRAFT",
        object_ids: ids,
        metadata: {},
      });
      const { deletion } = await batches.delete(id);
      expect(deletion).toMatchObject({ success: true });
      expect(await refusal(batches.get(id))).toBe("NOT_FOUND");
    }));

  test("a task is told as it was, lapsed leases too", () =>
    withObjects(file(), async (subject) => {
      const { namespace, clock } = subject;
      const id = await submitted(subject);
      const { batch } = await namespace.batches("clips").get(id);
      const task = batch.task_id ?? "";
      await claimed(namespace);
      const worked = new Date(clock.now).toISOString();
      const statusOf = async (asOf?: string) => (await namespace.tasks.get(task, { asOf })).status;
      expect(await statusOf()).toBe("IN_PROGRESS");
      clock.advance(60_000);
      expect(await statusOf()).toBe("PENDING");
      expect(await statusOf(worked)).toBe("IN_PROGRESS");
      expect((await namespace.tasks.list()).results[0]?.status).toBe("PENDING");
      expect((await namespace.tasks.list({ asOf: worked })).results[0]?.status).toBe("IN_PROGRESS");
      expect(await refusal(namespace.tasks.get(task, { asOf: "@2" }))).toBe("NOT_FOUND");
    }));

  test("a lease that ran out gives the batch back, and fences its worker off", () =>
    withObjects(file(), async (subject) => {
      const { namespace, clock } = subject;
      const batches = namespace.batches("clips");
      const id = await submitted(subject);
      const late = await claimed(namespace, worker("late"));
      expect(await namespace.claimBatch(worker())).toBeUndefined();
      const held = await batches.get(id);
      clock.advance(60_000);
      const lapsed = await batches.get(id);
      expect(lapsed.batch.status).toBe("PENDING");
      expect(lapsed.batch).not.toHaveProperty("lease");
      expect(lapsed.version).toBe(held.version);
      expect(lapsed.tag).not.toBe(held.tag);
      const report = { claim_id: late.claim_id, processed_count: 1, error: "x" };
      for (const act of ["progress", "complete", "fail"] as const) {
        expect(await refusal(batches[act](id, report)), act).toBe("CONFLICT");
      }
      const next = await claimed(namespace, worker("next"));
      expect(next.id).toBe(id);
      expect(await refusal(batches.complete(id, report))).toBe("CONFLICT");
      const done = await batches.complete(id, { claim_id: next.claim_id });
      expect(done.batch.status).toBe("COMPLETED");
      expect(await namespace.claimBatch(worker())).toBeUndefined();
    }));

  test("32 workers who ask at once for 10 batches get each one once, in order", () =>
    withObjects(file(), async (subject) => {
      const { namespace } = subject;
      const ids: string[] = [];
      while (ids.length < 10) ids.push(await submitted(subject));
      const claims = await Promise.all(
        Array.from({ length: 32 }, (_, index) => namespace.claimBatch(worker(`w${index}`))),
      );
      const got = claims.flatMap((claim) => claim?.batch.batch_id ?? []);
      expect(got.sort()).toEqual(ids.sort());
      expect(claims.filter((claim) => claim === undefined)).toHaveLength(22);
    }));

  test("a claim under one key is one claim", () =>
    withObjects(file(), async (subject) => {
      const { namespace } = subject;
      await submitted(subject);
      await submitted(subject);
      const options = { idempotencyKey: "k" };
      const first = await namespace.claimBatch(worker(), options);
      const again = await namespace.claimBatch(worker(), options);
      expect(again).toMatchObject({ replayed: true, batch: first?.batch });
      expect(await refusal(namespace.claimBatch(worker("other"), options))).toBe(
        "IDEMPOTENCY_KEY_REUSED",
      );
    }));

  test("those of a bucket that is locked, suspended or deleted wait until it is not", () =>
    withObjects(file(), async (subject) => {
      const { namespace } = subject;
      const { buckets } = namespace;
      const id = await submitted(subject);
      const { bucket } = await buckets.get("clips");
      const batches = namespace.batches(bucket.bucket_id);
      const isWaiting = async () => (await namespace.claimBatch(worker())) !== undefined;
      await buckets.lock("clips");
      expect(await isWaiting()).toBe(false);
      expect(await refusal(batches.cancel(id))).toBe("BUCKET_LOCKED");
      await buckets.unlock("clips");
      await buckets.suspend("clips");
      expect(await isWaiting()).toBe(false);
      expect(await refusal(batches.cancel(id))).toBe("BUCKET_LOCKED");
      await buckets.activate("clips");
      await buckets.delete("clips");
      expect(await isWaiting()).toBe(false);
      expect(await refusal(batches.get(id))).toBe("NOT_FOUND");
      expect((await batches.history(id)).results).toHaveLength(2);
      await buckets.restore(bucket.bucket_id);
      await buckets.archive("clips");
      expect((await batches.get(id)).batch.status).toBe("PENDING");
      expect(await isWaiting()).toBe(true);
    }));

  test("the statistics of the bucket count them, now and then", () =>
    withObjects(file(), async (subject) => {
      const { store, namespace } = subject;
      const batches = namespace.batches("clips");
      const marks: string[] = [];
      const mark = async () => marks.push(`@${(await store.head()).position}`);
      await mark();
      const id = await submitted(subject);
      await mark();
      const { claim_id } = await claimed(namespace);
      await batches.fail(id, { claim_id, error: "no disk" });
      await submitted(subject);
      await mark();
      await store.rebuild();
      const none = { total: 0, active: 0, completed: 0, failed: 0 };
      const told = await Promise.all(marks.map((asOf) => statsOf(namespace, asOf)));
      expect(told).toMatchObject([
        none,
        { ...none, total: 1, active: 1 },
        { ...none, total: 2, active: 1, failed: 1 },
      ]);
      expect(await statsOf(namespace)).toEqual(told.at(-1));
      expect(await store.verify()).toMatchObject({ ok: true });
    }));

  test("lists filter by what they are by now, and go back", () =>
    withObjects(file(), async (subject) => {
      const { store, namespace, clock } = subject;
      const batches = namespace.batches("clips");
      const id = await submitted(subject);
      await submitted(subject);
      await claimed(namespace);
      const { position } = await store.head();
      const working = { filters: { status: "IN_PROGRESS" } };
      const idsOf = async (query: object) =>
        (await batches.list(query)).results.map(({ batch_id }) => batch_id);
      expect(await idsOf(working)).toEqual([id]);
      clock.advance(60_000);
      expect(await idsOf(working)).toEqual([]);
      await batches.cancel(id);
      expect(await idsOf({ ...working, asOf: `@${position}` })).toEqual([id]);
      expect((await batches.list({ limit: 1 })).pagination).toMatchObject({
        total: 2,
        total_pages: 2,
      });
      expect(await refusal(batches.list({ asOf: "@1" }))).toBe("none");
      expect(await refusal(namespace.batches("clips").list({ asOf: "@9999" }))).toBe("NOT_FOUND");
    }));

  test("auto_process makes, batches and submits an object, or none of it", () =>
    withObjects(file(), async ({ store, namespace }) => {
      await namespace.buckets.create({
        bucket_name: "keyed",
        bucket_schema: { properties: { title: { type: "string" } } },
        unique_key: { fields: ["title"], default_policy: "upsert" },
      });
      const objects = namespace.objects("keyed");
      const { position } = await store.head();
      const processed = { autoProcess: true };
      expect(await refusal(objects.create({ title: 1 }, processed))).toBe("VALIDATION_FAILED");
      const dry = await objects.create({ title: "a" }, { ...processed, dryRun: true });
      expect(dry.dryRun).toBe(true);
      expect((await store.head()).position).toBe(position);
      const options = { ...processed, idempotencyKey: "k" };
      const first = await objects.create({ title: "a" }, options);
      expect((await objects.create({ title: "a" }, options)).replayed).toBe(true);
      const second = await objects.create({ title: "a" }, processed);
      expect(second.object.object_id).toBe(first.object.object_id);
      expect((await store.head()).position).toBe(position + 6);
      const { results } = await namespace.batches("keyed").list();
      expect(results).toMatchObject([
        { status: "PENDING", object_ids: [first.object.object_id] },
        { status: "PENDING", object_ids: [first.object.object_id] },
      ]);
      const [made] = await Promise.all([
        namespace.transaction([
          { type: "create_object", bucket: "keyed", body: { title: "b" }, ...processed },
          { type: "create_object", bucket: "keyed", body: { title: "c" } },
        ]),
      ]);
      expect(made.results).toHaveLength(2);
      expect((await namespace.batches("keyed").list()).total_count).toBe(3);
    }));
});
