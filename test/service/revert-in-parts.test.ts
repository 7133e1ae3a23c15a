/**
 * One event changes so many fields at most. Goal: what is further from an earlier version than that can be
 * put back all the same, in parts, and ends up as it was.
 */
import { expect, test } from "vitest";
import type { JsonObject } from "../../src/domain/json.js";
import { limits } from "../../src/domain/limits.js";
import { openBuckets } from "../../src/index.js";

const keysOfGroup = 1_000;
const groups = Array.from({ length: 8 }, (_, index) => `group${index}`);

function group(value: number): JsonObject {
  return Object.fromEntries(Array.from({ length: keysOfGroup }, (_, key) => [`k${key}`, value]));
}

test("a version that is too far away is put back in parts", async () => {
  await using store = await openBuckets({ file: ":memory:" });
  const { buckets } = store.namespace();
  await buckets.create({ bucket_name: "films", bucket_schema: { properties: {} } });
  const setAll = async (value: number) => {
    for (const name of groups) await buckets.patch("films", { metadata: { [name]: group(value) } });
    return await buckets.get("films");
  };
  const { version: to, bucket: then } = await setAll(1);
  await setAll(2);
  await expect(buckets.revert("films", { to })).rejects.toMatchObject({
    code: "VALIDATION_FAILED",
    details: {
      limit_changes: limits.changesMax,
      actual_changes: groups.length * keysOfGroup,
    },
  });
  for (const part of [groups.slice(0, 4), groups.slice(4)]) {
    await buckets.revert("films", { to, fields: part.map((name) => `/metadata/${name}`) });
  }
  expect((await buckets.get("films")).bucket.metadata).toEqual(then.metadata);
});
