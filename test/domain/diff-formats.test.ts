/**
 * Goal: applying a difference to the first document gives the second, in every format that can be
 * applied. Method: random pairs, applied with the code that takes the patches of clients.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diff } from "../../src/domain/changes.js";
import { formatDiff } from "../../src/domain/diff-formats.js";
import type { JsonObject, JsonValue } from "../../src/domain/json.js";
import { applyJsonPatch } from "../../src/domain/json-patch.js";
import { mergePatch } from "../../src/domain/merge-patch.js";
import { anyDocument, canonical, seed } from "./arbitraries.js";
import { refusalOf } from "./refusal.js";

const allow = () => {};
const runs = { seed, numRuns: 1_000 };

function jsonPatch(before: JsonObject, after: JsonObject): JsonValue {
  return formatDiff(diff(before, after), "json-patch");
}

function merge(before: JsonObject, after: JsonObject): JsonValue {
  return formatDiff(diff(before, after), "merge-patch");
}

/** True when the second sets a null that the first does not have at the same place. */
function setsNull(before: JsonValue | undefined, after: JsonValue): boolean {
  if (after === null) return before !== null;
  if (typeof after !== "object" || Array.isArray(after)) return false;
  const old: Readonly<Record<string, JsonValue>> =
    typeof before === "object" && before !== null && !Array.isArray(before)
      ? Object.fromEntries(Object.entries(before))
      : {};
  return Object.entries(after).some(([key, value]) =>
    setsNull(Object.hasOwn(old, key) ? old[key] : undefined, value),
  );
}

describe("a merge patch", () => {
  test.each([
    [{}, { a: null }, "/a"],
    [{ a: 1 }, { a: null }, "/a"],
    [{ a: {} }, { a: { b: null } }, "/a/b"],
    [{}, { a: { b: { c: null } } }, "/a"],
  ] as const)("from %j to %j is refused, because null removes", (before, after, path) => {
    expect(refusalOf(() => merge(before, after))).toMatchObject({
      code: "VALIDATION_FAILED",
      details: { path },
    });
  });

  test("keeps the nulls that it does not touch, and those in arrays", () => {
    expect(merge({ a: null, b: 1 }, { a: null, b: [null] })).toEqual({ b: [null] });
  });

  test("nests what it sets and removes", () => {
    const before = { a: { b: 1, c: 2, same: true }, d: "x" };
    const after = { a: { b: 3, same: true, e: { f: {} } } };
    expect(merge(before, after)).toEqual({ a: { b: 3, c: null, e: { f: {} } }, d: null });
  });

  test("turns the first document into the second, or is refused for a null", () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, (before, after) => {
        if (setsNull(before, after)) {
          expect(refusalOf(() => merge(before, after)).code).toBe("VALIDATION_FAILED");
        } else {
          const result = mergePatch(before, merge(before, after));
          expect(canonical(result)).toBe(canonical(after));
        }
      }),
      runs,
    );
  });

  test("over very many members of one object is made in one pass", () => {
    const members = (value: number): JsonObject =>
      Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`key${index}`, value]));
    expect(Object.keys(Object(merge({ a: members(1) }, { a: members(2) })).a)).toHaveLength(30_000);
  });
});

describe("a JSON Patch", () => {
  test("turns the first document into the second", () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, (before, after) => {
        const patched = applyJsonPatch(before, jsonPatch(before, after), allow);
        expect(canonical(patched)).toBe(canonical(after));
      }),
      runs,
    );
  });

  test("says nothing of the value that was", () => {
    expect(jsonPatch({ a: 1, b: 2, c: 3 }, { a: 1, b: 4, d: 5 })).toEqual([
      { op: "replace", path: "/b", value: 4 },
      { op: "remove", path: "/c" },
      { op: "add", path: "/d", value: 5 },
    ]);
  });

  test("replaces an array as a unit", () => {
    expect(jsonPatch({ a: [1, 2] }, { a: [2] })).toEqual([
      { op: "replace", path: "/a", value: [2] },
    ]);
  });

  test("takes every key for data", () => {
    const keys = ["a/b", "~", "", "__proto__", "constructor"];
    const after: JsonObject = { metadata: Object.fromEntries(keys.map((key) => [key, key])) };
    const patch = jsonPatch({ metadata: {} }, after);
    expect(patch).toEqual([
      { op: "add", path: "/metadata/a~1b", value: "a/b" },
      { op: "add", path: "/metadata/~0", value: "~" },
      { op: "add", path: "/metadata/", value: "" },
      { op: "add", path: "/metadata/__proto__", value: "__proto__" },
      { op: "add", path: "/metadata/constructor", value: "constructor" },
    ]);
    expect(canonical(applyJsonPatch({ metadata: {} }, patch, allow))).toBe(canonical(after));
    expect(canonical(mergePatch({}, merge({}, after)))).toBe(canonical(after));
  });
});

describe("equal documents", () => {
  test.each([
    ["json-patch", []],
    ["merge-patch", {}],
    ["fields", []],
  ] as const)("have nothing between them as %s", (format, nothing) => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        expect(formatDiff(diff(document, document), format)).toEqual(nothing);
      }),
      { seed, numRuns: 50 },
    );
  });
});

describe("the list of fields", () => {
  test("tells what was and what is, and leaves out what there was not", () => {
    const changes = diff({ a: 1, b: null, c: 3 }, { a: null, c: 3, d: 4 });
    expect(formatDiff(changes, "fields")).toStrictEqual([
      { path: "/a", was: 1, value: null },
      { path: "/b", was: null },
      { path: "/d", value: 4 },
    ]);
  });
});
