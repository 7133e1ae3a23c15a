/** Goal: checkpoints do not pile up, and none is lost that somebody counts on. On both engines. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import { temporaryFile, temporaryFolder } from "../support/backends.js";

const minute = 60_000;
const hour = 60 * minute;

test.each([
  ["in memory", () => ":memory:"],
  ["on a file", temporaryFile],
])("checkpoints are thinned once an hour, %s", async (_, place) => {
  let now = Date.UTC(2026, 9, 1);
  await using store = await openBuckets({ file: place(), clock: () => now });
  const { buckets } = store.namespace();
  await buckets.create({ bucket_name: "films", bucket_schema: { properties: {} } });
  const sign = async (file?: string) => {
    await buckets.patch("films", { metadata: { now } });
    return (await store.anchor({ file })).checkpoint.size;
  };
  const isThere = (size: number) =>
    store.proofs.checkpoint({ size }).then(
      () => true,
      () => false,
    );
  const first = await sign();
  now += minute;
  const second = await sign();
  now += minute;
  const noted = await sign(join(temporaryFolder(), "noted"));
  now += minute;
  const failed = await sign(join(temporaryFolder(), "no", "folder"));
  now += hour;
  const third = await sign();
  now += 24 * hour;
  const sizes = [first, second, noted, failed, third];
  // None but the newest was signed before that was a day old.
  expect(await Promise.all(sizes.map(isThere))).toEqual([true, true, true, true, true]);
  const fourth = await sign();
  expect(await Promise.all([...sizes, fourth].map(isThere))).toEqual([
    true,
    false,
    true,
    false,
    true,
    true,
  ]);
  now += 40 * 24 * hour;
  const fifth = await sign();
  expect(await Promise.all([...sizes, fourth, fifth].map(isThere))).toEqual([
    true,
    false,
    true,
    false,
    false,
    true,
    true,
  ]);
  expect(await store.verify()).toMatchObject({ ok: true });
});
