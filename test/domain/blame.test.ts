/**
 * Goal: blame names the last event that changed each leaf. Method: examples for what a leaf is, and
 * random histories whose blame, kept event by event, equals one that looks back from the end.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Blame, blameAfter, blamedLeaves } from "../../src/domain/blame.js";
import { isJsonObject, type JsonObject, type JsonValue, jsonEqual } from "../../src/domain/json.js";
import { formatPointer } from "../../src/domain/pointer.js";
import { anyDocument, seed } from "./arbitraries.js";

/** The version that last set each leaf, folded as beside a state. */
function kept(history: readonly JsonObject[]): Map<string, number> {
  let blame: Blame | undefined;
  for (const [index, after] of history.entries()) {
    blame = blameAfter(blame, history[index - 1], after, index + 1);
  }
  return new Map(blamedLeaves(blame ?? 0, history.at(-1) ?? {}));
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

/** The blame of a document after one that was set at 1, whose successor was set at 2. */
function second(before: JsonObject, after: JsonObject): Record<string, number> {
  const first = blameAfter(undefined, undefined, before, 1);
  return Object.fromEntries(blamedLeaves(blameAfter(first, before, after, 2), after));
}

describe("the blame of an event", () => {
  test("is nothing when nothing changed, whatever the order of the keys", () => {
    const before = { a: { b: 1, c: [{ d: 1, e: 2 }] } };
    const after = { a: { c: [{ e: 2, d: 1 }], b: 1 } };
    expect(second(before, after)).toEqual({ "/a/b": 1, "/a/c": 1 });
    expect(second({}, {})).toEqual({});
  });

  test("takes an array as a unit", () => {
    expect(second({ tags: ["a", "b"], n: 1 }, { tags: ["a", "c"], n: 1 })).toEqual({
      "/tags": 2,
      "/n": 1,
    });
  });

  test("takes an empty object for a leaf, until it holds something", () => {
    expect(second({ metadata: {} }, { metadata: { team: "a" } })).toEqual({ "/metadata/team": 2 });
    expect(second({ metadata: { team: "a" } }, { metadata: {} })).toEqual({ "/metadata": 2 });
    expect(second({ metadata: {}, n: 1 }, { metadata: {}, n: 2 })).toEqual({
      "/metadata": 1,
      "/n": 2,
    });
  });

  test("takes null for a leaf, which is not the same as none", () => {
    expect(second({}, { a: null })).toEqual({ "/a": 2 });
    expect(second({ a: null }, { a: null, b: 1 })).toEqual({ "/a": 1, "/b": 2 });
  });

  test("forgets a leaf that is gone, which is new when it comes back", () => {
    const blame = blameAfter(undefined, undefined, { a: 1, b: 1 }, 1);
    const without = blameAfter(blame, { a: 1, b: 1 }, { b: 1 }, 2);
    expect(blamedLeaves(without, { b: 1 })).toEqual([["/b", 1]]);
    const again = blameAfter(without, { b: 1 }, { a: 1, b: 1 }, 3);
    expect(blamedLeaves(again, { a: 1, b: 1 })).toEqual([
      ["/a", 3],
      ["/b", 1],
    ]);
  });

  test("escapes keys, and takes every key for data", () => {
    const keys = ["a/b", "~", "", "__proto__", "constructor", "toString"];
    const before: JsonObject = Object.fromEntries(keys.map((key) => [key, 1]));
    const after: JsonObject = Object.fromEntries(keys.map((key) => [key, 2]));
    const pointers = ["/a~1b", "/~0", "/", "/__proto__", "/constructor", "/toString"];
    const set = Object.fromEntries(pointers.map((pointer) => [`/metadata${pointer}`, 2]));
    expect(second({ n: 1 }, { n: 1, metadata: before })).toEqual({ "/n": 1, ...set });
    expect(second({ n: 1, metadata: before }, { n: 1, metadata: after })).toEqual({
      "/n": 1,
      ...set,
    });
  });

  test("of the same leaves is the same text, whatever order the keys came in", () => {
    const before = { b: 1, a: 1 };
    const kept = (after: JsonObject) =>
      JSON.stringify(blameAfter(blameAfter(undefined, undefined, before, 1), before, after, 2));
    expect(kept({ c: 1, b: 1, a: 1 })).toBe(kept({ a: 1, b: 1, c: 1 }));
  });

  test("is one number while one event set all of it, however much that is", () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`k${n}`, n]));
    const before = { n: 1, many };
    const created = blameAfter(undefined, undefined, before, 1);
    expect(created).toBe(1);
    expect(blameAfter(created, before, { n: 2, many }, 2)).toEqual({ many: 1, n: 2 });
    expect(blameAfter({ many: 1, n: 2 }, { n: 2, many: { a: 1 } }, { n: 3, many: {} }, 4)).toBe(4);
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
