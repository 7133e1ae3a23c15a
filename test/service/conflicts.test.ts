/** What a caller is told to have missed: which of its paths others changed, above, at or below them. */
import { describe, expect, onTestFinished, test } from "vitest";
import { isBucketsError } from "../../src/domain/errors.js";
import { limits } from "../../src/domain/limits.js";
import { openBuckets } from "../../src/index.js";
import { temporaryFile } from "../support/server.js";

/** The paths that collide when `missed` was sent by another one before `own`, on the same version. */
async function collisions(before: object, missed: object, own: object): Promise<unknown> {
  const store = await openBuckets<unknown>({ file: ":memory:" });
  onTestFinished(() => store.close());
  const { buckets } = store.namespace();
  const made = { bucket_name: "films", bucket_schema: { properties: {} } };
  await buckets.create({ ...made, metadata: before });
  const mediaType = "application/merge-patch+json";
  await buckets.patch("films", { metadata: missed }, { mediaType });
  try {
    await buckets.patch("films", { metadata: own }, { ifVersion: 1, mediaType });
  } catch (error) {
    if (isBucketsError(error)) return error.details["conflicting_paths"];
    throw error;
  }
  throw new Error("It was to be refused.");
}

describe("a change collides with what was missed", () => {
  test.each([
    ["at the same place", { a: { b: 1 } }, { a: { b: 2 } }, { a: { b: 3 } }, ["/metadata/a/b"]],
    ["below what was set", { a: 1 }, { a: { b: { c: 1 } } }, { a: { b: { c: 2 } } }, "below"],
    ["above it", { a: { b: { c: 1 } } }, { a: { b: { c: 2 } } }, { a: 3 }, ["/metadata/a"]],
  ])("%s", async (_, before, missed, own, expected) => {
    const found = await collisions(before, missed, own);
    expect(found).toEqual(
      expected === "below" ? [expect.stringMatching("^/metadata/a")] : expected,
    );
  });

  test("and not with a neighbour whose name begins alike", async () => {
    expect(await collisions({ ab: 1, a: 1 }, { ab: 2 }, { a: 2 })).toEqual([]);
    expect(await collisions({ "a/b": 1, a: { b: 1 } }, { "a/b": 2 }, { a: { b: 2 } })).toEqual([]);
  });

  test("where very many leaves changed on both sides", async () => {
    const leaves = (value: number) =>
      Object.fromEntries(
        Array.from({ length: 10 }, (_, group) => [
          `g${group}`,
          Object.fromEntries(Array.from({ length: 500 }, (__, key) => [`k${key}`, value])),
        ]),
      );
    // As many as one write may change; compared one with another they would be 25 million.
    expect(await collisions(leaves(1), leaves(2), leaves(3))).toHaveLength(limits.changesMax);
  });
});

test("all that was missed is told, however large the events are", async () => {
  const { file, remove } = temporaryFile();
  await using store = await openBuckets<unknown>({ file });
  onTestFinished(remove);
  const { buckets } = store.namespace();
  await buckets.create({ bucket_name: "films", bucket_schema: { properties: {} } });
  for (let version = 2; version <= 9; version += 1) {
    await buckets.patch("films", { description: `${version} ${"x".repeat(900_000)}` });
  }
  const refused = buckets.patch("films", { description: "short" }, { ifVersion: 1 });
  await expect(refused).rejects.toMatchObject({
    details: {
      missed: [2, 3, 4, 5, 6, 7, 8, 9].map((version) => ({ version, paths: ["/description"] })),
      conflicting_paths: ["/description"],
    },
  });
});
