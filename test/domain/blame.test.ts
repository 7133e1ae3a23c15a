/**
 * Goal: blame names the last event that changed each leaf. Method: examples for what a leaf is, and
 * random histories whose blame, kept event by event, equals one that looks back from the end.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blameMoves } from "../../src/domain/blame.js";
import { isJsonObject, type JsonObject, type JsonValue, jsonEqual } from "../../src/domain/json.js";
import { formatPointer } from "../../src/domain/pointer.js";
import { anyDocument, seed } from "./arbitraries.js";

/** The version that last set each leaf, as the views keep it. */
function kept(history: readonly JsonObject[]): Map<string, number> {
  const blame = new Map<string, number>();
  for (const [index, after] of history.entries()) {
    const { cleared, set } = blameMoves(history[index - 1] ?? {}, after);
    for (const pointer of cleared) blame.delete(pointer);
    for (const pointer of set) blame.set(pointer, index + 1);
  }
  return blame;
}

function leaves(value: JsonValue, at: readonly string[] = []): [string, JsonValue][] {
  const members = isJsonObject(value) ? Object.entries(value) : [];
  if (members.length === 0) return at.length === 0 ? [] : [[formatPointer(at), value]];
  return members.flatMap(([key, member]) => leaves(member, [...at, key]));
}

/** The same, looked up from the end: back to the first version that had the leaf as it is. */
function lookedUp(history: readonly JsonObject[]): Map<string, number> {
  const versions = history.map((document) => new Map(leaves(document)));
  const last = versions.at(-1) ?? new Map<string, JsonValue>();
  return new Map(
    [...last].map(([pointer, value]) => {
      const other = versions.findLastIndex(
        (version) => !version.has(pointer) || !jsonEqual(version.get(pointer), value),
      );
      return [pointer, other + 2];
    }),
  );
}

describe("the blame of an event", () => {
  test("is nothing when nothing changed, whatever the order of the keys", () => {
    const before = { a: { b: 1, c: [{ d: 1, e: 2 }] } };
    const after = { a: { c: [{ e: 2, d: 1 }], b: 1 } };
    expect(blameMoves(before, after)).toEqual({ cleared: [], set: [] });
    expect(blameMoves({}, {})).toEqual({ cleared: [], set: [] });
  });

  test("takes an array as a unit", () => {
    expect(blameMoves({ tags: ["a", "b"] }, { tags: ["a", "c"] })).toEqual({
      cleared: [],
      set: ["/tags"],
    });
  });

  test("takes an empty object for a leaf, until it holds something", () => {
    expect(blameMoves({ metadata: {} }, { metadata: { team: "a" } })).toEqual({
      cleared: ["/metadata"],
      set: ["/metadata/team"],
    });
    expect(blameMoves({ metadata: { team: "a" } }, { metadata: {} })).toEqual({
      cleared: ["/metadata/team"],
      set: ["/metadata"],
    });
  });

  test("takes null for a leaf, which is not the same as none", () => {
    expect(blameMoves({}, { a: null })).toEqual({ cleared: [], set: ["/a"] });
    expect(blameMoves({ a: null }, {})).toEqual({ cleared: ["/a"], set: [] });
  });

  test("escapes keys, and takes every key for data", () => {
    const keys = ["a/b", "~", "", "__proto__", "constructor", "toString"];
    const object: JsonObject = Object.fromEntries(keys.map((key) => [key, 1]));
    const pointers = ["/a~1b", "/~0", "/", "/__proto__", "/constructor", "/toString"];
    expect(blameMoves({}, object)).toEqual({ cleared: [], set: pointers });
    expect(blameMoves(object, {})).toEqual({ cleared: pointers, set: [] });
    const below = { metadata: object };
    expect(blameMoves({ metadata: {} }, below).set).toEqual(pointers.map((at) => `/metadata${at}`));
  });

  test("over any history is the last event that changed each leaf", () => {
    fc.assert(
      fc.property(fc.array(anyDocument, { minLength: 1, maxLength: 8 }), (history) => {
        expect(kept(history)).toEqual(lookedUp(history));
      }),
      { seed, numRuns: 500 },
    );
  });
});
