/** Activity by time, and what a bucket held from moment to moment, through every face. */
import { describe, expect, test } from "vitest";
import type { BucketStore } from "../../src/api/index.js";
import { connectBuckets, openBuckets } from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";
import { serve, TestClock, tokens } from "../support/server.js";

const hourMs = 60 * 60 * 1_000;

interface Told {
  readonly store: BucketStore;
  readonly clock: TestClock;
  /** When it began. */
  readonly began: number;
}

/** Two hours in which a bucket is made, changed and filled, one in which nothing is, and another. */
async function tell(store: BucketStore, clock: TestClock): Promise<Told> {
  const began = clock.now;
  const { buckets } = store.namespace();
  const objects = store.namespace().objects("films");
  const schema = { properties: { title: { type: "string" } } };
  await buckets.create({ bucket_name: "films", bucket_schema: schema });
  await buckets.patch("films", { description: "a" });
  await buckets.patch("films", { description: "b" });
  clock.advance(hourMs);
  await objects.create({ title: "one" });
  clock.advance(2 * hourMs);
  await objects.create({ title: "two" });
  await store.namespace("other").buckets.create({ bucket_name: "films", bucket_schema: schema });
  clock.advance(1);
  return { store, clock, began };
}

const faces: Record<string, (work: (told: Told) => Promise<void>) => Promise<void>> = {
  "the library in memory": async (work) => {
    const clock = new TestClock();
    await using store = await openBuckets({ file: ":memory:", clock: clock.read });
    await work(await tell(store, clock));
  },
  "the library on a file": async (work) => {
    const clock = new TestClock();
    await using store = await openBuckets({ file: temporaryFile(), clock: clock.read });
    await work(await tell(store, clock));
  },
  "the client": async (work) => {
    const clock = new TestClock();
    const service = await serve({ clock: clock.read });
    try {
      const [baseUrl, token] = [service.url, tokens.admin];
      await using store = connectBuckets({ baseUrl, token });
      await work(await tell(store, clock));
    } finally {
      await service.close();
    }
  },
};

describe.each(Object.entries(faces))("through %s", (_, within) => {
  test.each([
    ["a range that ends before it begins", { from: "2026-01-02", to: "2026-01-01" }],
    ["no time", { from: "yesterday" }],
    ["more steps than there may be", { from: "2020-01-01", to: "2026-01-01", step: 1 }],
    ["a step of nothing", { step: 0 }],
  ])("%s is refused", async (__, query) => {
    await within(async ({ store }) => {
      const asked = store.namespace().statistics.activity(query);
      await expect(asked).rejects.toMatchObject({ code: "BAD_REQUEST" });
    });
  });

  test("the history of statistics of a bucket that there is not is refused", async () => {
    await within(async ({ store }) => {
      const { statistics } = store.namespace();
      await expect(statistics.history("none")).rejects.toMatchObject({ code: "NOT_FOUND" });
      const tooMany = statistics.history("films", { points: 1_001 });
      await expect(tooMany).rejects.toMatchObject({ code: "BAD_REQUEST" });
    });
  });

  test("the events of a namespace are counted by hour and type, and not those of another", async () => {
    await within(async ({ store, began }) => {
      const time = (at: number) => new Date(at).toISOString();
      const from = time(began);
      const { results, step_seconds } = await store.namespace().statistics.activity({ from });
      expect(step_seconds).toBe(3_600);
      expect(results).toEqual([
        { start: from, events: 3, types: { "bucket.created": 1, "bucket.patched": 2 } },
        { start: time(began + hourMs), events: 1, types: { "object.created": 1 } },
        { start: time(began + 3 * hourMs), events: 1, types: { "object.created": 1 } },
      ]);
      const empty = await store.namespace().statistics.activity({ from, to: from });
      expect(empty.results).toEqual([]);
    });
  });

  test("what a bucket held is told at the moments between, each change once", async () => {
    await within(async ({ store, began }) => {
      const { statistics, buckets } = store.namespace();
      const { results } = await statistics.history("films");
      expect(results.map(({ at, object_count }) => [Date.parse(at) - began, object_count])).toEqual(
        [
          [hourMs, 1],
          [3 * hourMs, 2],
        ],
      );
      const [newest] = (await statistics.history("films", { points: 1 })).results;
      expect(newest?.object_count).toBe(2);
      const { bucket_id: id = "" } = (await buckets.get("films")).bucket;
      await buckets.delete("films");
      expect((await statistics.history(id)).results).toEqual(results);
    });
  });
});
