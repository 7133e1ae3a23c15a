import Database from "better-sqlite3";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergePatch } from "../../src/domain/merge-patch.js";
import { mergePatchVectors } from "../support/merge-patch-vectors.js";
import { anyJson, canonical, seed } from "./arbitraries.js";

describe("RFC 7396, appendix A", () => {
  test.each([...mergePatchVectors])("%j patched with %j is %j", (target, patch, result) => {
    expect(mergePatch(target, patch)).toStrictEqual(result);
  });
});

test("nulls inside arrays are data", () => {
  expect(mergePatch({ a: 1 }, { a: [null, { b: null }] })).toStrictEqual({
    a: [null, { b: null }],
  });
});

test("keys that are special to JavaScript are data like any other", () => {
  const target = JSON.parse('{"__proto__":{"a":1,"b":2},"constructor":1}');
  const patch = JSON.parse('{"__proto__":{"a":null},"constructor":null,"toString":{"x":1}}');
  const result = mergePatch(target, patch);
  expect(JSON.stringify(result)).toBe('{"__proto__":{"b":2},"toString":{"x":1}}');
  expect(Object.hasOwn(Object.prototype, "a")).toBe(false);
});

test("neither argument is changed", () => {
  const target = { metadata: { team: "a", old: 1 } };
  const patch = { metadata: { team: "b", old: null } };
  mergePatch(target, patch);
  expect(target).toEqual({ metadata: { team: "a", old: 1 } });
  expect(patch).toEqual({ metadata: { team: "b", old: null } });
});

test("SQLite patches 5,000 random pairs alike", () => {
  using database = open();
  fc.assert(
    fc.property(anyJson, anyJson, (target, patch) => {
      const expected = JSON.parse(database.patch(JSON.stringify(target), JSON.stringify(patch)));
      expect(canonical(mergePatch(target, patch))).toBe(canonical(expected));
    }),
    { seed, numRuns: 5_000 },
  );
});

/** SQLite's own json_patch() as a second opinion. */
function open() {
  const database = new Database(":memory:");
  const statement = database.prepare<[string, string], string>("SELECT json_patch(?, ?)").pluck();
  return {
    patch(target: string, patch: string): string {
      return statement.get(target, patch) ?? "";
    },
    [Symbol.dispose]() {
      database.close();
    },
  };
}
