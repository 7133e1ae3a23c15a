/** Lists of tasks through the library, on both engines: what is asked of them, and how they are paged. */
import { describe, expect, test } from "vitest";
import {
  type EmbeddedStore,
  type ListQuery,
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

interface Subject {
  readonly store: EmbeddedStore<unknown>;
  readonly namespace: Namespace<WriteOptions, unknown>;
  readonly clock: FixedClock;
  /** Four tasks of batches: canceled, under a lease of a minute, and two that wait since one moment. */
  readonly tasks: readonly [string, string, string, string];
  /** The task of a bucket that was deleted. */
  readonly deletion: string;
}

async function withTasks(file: string, use: (subject: Subject) => Promise<void>): Promise<void> {
  const clock = new FixedClock();
  await using store = await openBuckets<unknown>({
    file,
    clock: clock.read,
    durability: "relaxed",
  });
  const namespace = store.namespace();
  for (const bucket_name of ["clips", "trailers"]) {
    await namespace.buckets.create({ bucket_name, bucket_schema: { properties: {} } });
  }
  const { object } = await namespace.objects("clips").create({});
  const batches = namespace.batches("clips");
  const submit = async () => {
    const { batch } = await batches.create({ object_ids: [object.object_id] });
    const { task } = await batches.submit(batch.batch_id);
    return { batch: batch.batch_id, task: task.task_id };
  };
  const canceled = await submit();
  await batches.cancel(canceled.batch);
  clock.advance(1);
  const leased = await submit();
  await namespace.claimBatch({ worker: "w", lease_seconds: 60 });
  clock.advance(1);
  const waiting = [(await submit()).task, (await submit()).task].sort();
  clock.advance(1);
  const { task } = await namespace.buckets.delete("trailers");
  const [first = "", second = ""] = waiting;
  const tasks = [canceled.task, leased.task, first, second] as const;
  await use({ store, namespace, clock, tasks, deletion: task.task_id });
}

function asking({ tasks }: Pick<Namespace<WriteOptions, unknown>, "tasks">) {
  return async (query: ListQuery<unknown>) =>
    (await tasks.list(query)).results.map(({ task_id: id }) => id);
}

describe.each(engines)("lists of tasks on %s", (_, file) => {
  test("are filtered by what tasks are by now, and were then", () =>
    withTasks(file(), async ({ store, namespace, clock, tasks, deletion }) => {
      const [canceled, leased, ...waiting] = tasks;
      const ask = asking(namespace);
      const { position } = await store.head();
      expect(await ask({ filters: { status: "CANCELED" } })).toEqual([canceled]);
      expect(await ask({ filters: { status: "IN_PROGRESS" } })).toEqual([leased]);
      expect(await ask({ filters: { task_type: "api_buckets_delete" } })).toEqual([deletion]);
      const field = "additional_data.object_count";
      const large = { field, operator: "gte", value: 1 };
      expect(await ask({ filters: { AND: [large, { status: "PENDING" }] } })).toEqual(waiting);
      clock.advance(60_000);
      expect(await ask({ filters: { status: "IN_PROGRESS" } })).toEqual([]);
      expect(await ask({ filters: { status: "PENDING" } })).toEqual([...waiting, leased]);
      const then = { filters: { status: "IN_PROGRESS" }, asOf: `@${position}` };
      expect(await ask(then)).toEqual([leased]);
      expect(await ask({ filters: { status: "CANCELED" }, asOf: "@5" })).toEqual([]);
    }));

  test("are searched by what they are about, and sorted by any field", () =>
    withTasks(file(), async ({ namespace, tasks, deletion }) => {
      const [canceled, leased, ...waiting] = tasks;
      const ask = asking(namespace);
      expect(await ask({ search: "TRAIL" })).toEqual([deletion]);
      expect(await ask({ search: "api_buckets_batches_*" })).toHaveLength(4);
      expect(await ask({ sort: { field: "created_at" } })).toEqual([...tasks, deletion]);
      expect(await ask({ sort: { field: "bucket_name" }, limit: 1 })).toEqual([deletion]);
      expect(await ask({})).toEqual([deletion, ...waiting, leased, canceled]);
    }));

  test.for<[string, ListQuery]>([
    ["by default", {}],
    ["with a filter", { filters: { task_type: "api_buckets_batches_process" } }],
    ["sorted", { sort: { field: "status", direction: "desc" } }],
    ["of the past", { asOf: "@13" }],
  ])("are paged by cursors %s, each task once and in the order of the whole", ([, query]) =>
    withTasks(file(), async ({ namespace: { tasks } }) => {
      const whole = (await tasks.list(query)).results;
      expect(whole.length).toBeGreaterThan(2);
      const seen = [];
      let cursor: string | undefined;
      do {
        const { results, pagination, total_count } = await tasks.list({
          ...query,
          cursor,
          limit: 1,
        });
        expect(pagination).toMatchObject({ page: seen.length + 1, total: whole.length });
        expect(total_count).toBe(whole.length);
        seen.push(...results);
        cursor = pagination.next_cursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(whole);
      const offset = { ...query, offset: 1, limit: 1 };
      expect((await tasks.list(offset)).results).toEqual(whole.slice(1, 2));
    }),
  );

  test("refuse what they cannot be asked", () =>
    withTasks(file(), async ({ namespace: { tasks } }) => {
      const { pagination } = await tasks.list({ limit: 1 });
      const cursor = pagination.next_cursor;
      const elsewhere = { cursor, filters: { status: "PENDING" } };
      for (const query of [elsewhere, { filters: { stat: 1 } }, { sort: { field: "stat" } }]) {
        await expect(tasks.list(query)).rejects.toMatchObject({ code: "BAD_REQUEST" });
      }
    }));
});
