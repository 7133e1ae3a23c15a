/**
 * All engines keep one contract, and give the same bytes for the same commands: shown on random
 * histories with a fixed seed, with the SQLite store restarted in between.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/domain/json.js";
import type { EventStore, Unit } from "../../src/eventstore/store.js";
import { engines, memoryBackend, sqliteBackend, temporaryFile } from "../support/backends.js";
import { FixedClock } from "../support/clock.js";
import { depth } from "../support/depth.js";
import { idempotencyKey, ifMatch, Units, verdict } from "../support/units.js";
import { eventStoreContract } from "./contract.js";

describe.each(Object.entries(engines))("the event store on %s", (_, open) => {
  eventStoreContract(open);
});

type Step = (units: Units, now: number) => Unit["commands"][number];

const name = fc.constantFrom("a", "b", "c", "d\u0301");
const version = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });
const key = fc.constantFrom("x", "y", "__proto__", "10", "9");
const metadata: fc.Arbitrary<JsonObject> = fc.dictionary(
  key,
  fc.oneof(
    fc.constant(null),
    fc.constant(-0),
    fc.double({ noNaN: true, min: -1e15, max: 1e15 }),
    fc.string(),
  ),
  { maxKeys: 3 },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(name, metadata).map(
    ([bucket, data]): Step =>
      (units) =>
        units.create(bucket, { metadata: data }),
  ),
  fc.tuple(name, metadata, version).map(
    ([bucket, data, expected]): Step =>
      (units) =>
        units.patch(
          bucket,
          { metadata: data },
          expected === undefined ? undefined : ifMatch(expected),
          "application/merge-patch+json",
        ),
  ),
  fc.tuple(name, name).map(
    ([from, to]): Step =>
      (units) =>
        units.patch(from, { bucket_name: to }),
  ),
  fc.tuple(name, fc.option(fc.integer({ min: 1, max: 5_000 }), { nil: undefined })).map(
    ([bucket, lasts]): Step =>
      (units, now) =>
        units.lock(bucket, lasts === undefined ? undefined : new Date(now + lasts).toISOString()),
  ),
  name.map(
    (bucket): Step =>
      (units) =>
        units.unlock(bucket),
  ),
);

const batch = fc.record({
  units: fc.array(
    fc.record({
      steps: fc.array(step, { minLength: 1, maxLength: 3 }),
      idempotencyKey: fc.option(fc.constantFrom("k1", "k2"), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  /** The clock may run backwards. */
  milliseconds: fc.integer({ min: -3_000, max: 5_000 }),
  restarts: fc.boolean(),
});

test("the engines write byte-identical logs, and their views are the folds of them", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 5, maxLength: 12 }), async (batches) => {
      const file = temporaryFile();
      const clock = new FixedClock();
      const memory = memoryBackend(clock);
      let sqlite = sqliteBackend({ file, clock });
      const counted = { memory: new Units(), sqlite: new Units() };
      for (const { units, milliseconds, restarts } of batches) {
        clock.advance(milliseconds);
        if (restarts) {
          await sqlite.close();
          sqlite = sqliteBackend({ file, clock });
        }
        const run = async (events: EventStore, builder: Units) => {
          const made = units.map(({ steps, idempotencyKey: used }) =>
            builder.of(
              steps.map((make) => make(builder, clock.now)),
              { idempotency: used === undefined ? undefined : idempotencyKey(used) },
            ),
          );
          return (await events.commit(made)).map(verdict);
        };
        const verdicts = await run(memory.events, counted.memory);
        expect(await run(sqlite.events, counted.sqlite)).toEqual(verdicts);
      }
      expect(await sqlite.events.readLog(0, 1_000)).toEqual(await memory.events.readLog(0, 1_000));
      for (const { keeper } of [memory, sqlite]) {
        expect(await keeper.verify(undefined, () => {})).toMatchObject({ ok: true });
        expect(await keeper.rebuild(() => {})).toMatchObject({ differences: 0 });
      }
      const all = {
        namespace: "default",
        viewpoint: { at: 0, publicUrl: "" },
        limit: 100,
        offset: 0,
        after: undefined,
      };
      const pages = [await sqlite.view.list(all), await memory.view.list(all)];
      expect(pages[0]).toEqual(pages[1]);
      await sqlite.close();
    }),
    { seed: 20_261_001, numRuns: depth({ smoke: 4, deep: 150 }) },
  );
}, 300_000);
