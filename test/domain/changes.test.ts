import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyChanges, diff } from "../../src/domain/changes.js";
import type { JsonObject } from "../../src/domain/json.js";
import { parsePointer, valueAt } from "../../src/domain/pointer.js";
import { anyDocument, canonical, seed } from "./arbitraries.js";

describe("diff", () => {
  test("of equal documents is empty, whatever the order of their keys", () => {
    expect(diff({ a: 1, b: { c: [1] } }, { b: { c: [1] }, a: 1 })).toEqual([]);
  });

  test("names what was added, removed and replaced, with the value before", () => {
    expect(diff({ gone: null, kept: 1, other: "a" }, { kept: 1, other: "b", added: {} })).toEqual([
      { op: "remove", path: "/gone", was: null },
      { op: "replace", path: "/other", value: "b", was: "a" },
      { op: "add", path: "/added", value: {} },
    ]);
  });

  test("goes into objects and takes arrays as a unit", () => {
    const before = { metadata: { team: "a", tags: ["x", "y"], at: { a: 1 } } };
    const after = { metadata: { team: "b", tags: ["x"], at: [1] } };
    expect(diff(before, after)).toEqual([
      { op: "replace", path: "/metadata/team", value: "b", was: "a" },
      { op: "replace", path: "/metadata/tags", value: ["x"], was: ["x", "y"] },
      { op: "replace", path: "/metadata/at", value: [1], was: { a: 1 } },
    ]);
  });

  test("escapes keys in its paths", () => {
    const paths = diff({}, { "a/b": 1, "~": 2, "": 3 }).map((change) => change.path);
    expect(paths).toEqual(["/a~1b", "/~0", "/"]);
  });

  test("does not take an inherited member for an own one", () => {
    expect(diff({}, { constructor: 1 })).toEqual([{ op: "add", path: "/constructor", value: 1 }]);
    expect(diff({ toString: 1 }, {})).toEqual([{ op: "remove", path: "/toString", was: 1 }]);
  });
});

describe("applyChanges", () => {
  test("changes neither of its arguments and shares what did not change", () => {
    const before: JsonObject = { metadata: { team: "a" }, bucket_schema: { properties: {} } };
    const text = JSON.stringify(before);
    const after = applyChanges(before, [
      { op: "replace", path: "/metadata/team", value: "b", was: "a" },
    ]);
    expect(after).toEqual({ metadata: { team: "b" }, bucket_schema: { properties: {} } });
    expect(after["bucket_schema"]).toBe(before["bucket_schema"]);
    expect(JSON.stringify(before)).toBe(text);
  });

  test("keeps keys where they were and puts new ones last", () => {
    const after = applyChanges({ a: { x: 1, y: 2 }, b: 1 }, [
      { op: "add", path: "/c", value: 3 },
      { op: "replace", path: "/a/x", value: 9, was: 1 },
    ]);
    expect(JSON.stringify(after)).toBe('{"a":{"x":9,"y":2},"b":1,"c":3}');
  });

  test("a document with very many changed keys is one pass, not one pass for each", () => {
    const many = (type: string) =>
      Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`field${i}`, { type }]));
    const before = { bucket_schema: { properties: many("text") } };
    const after = { bucket_schema: { properties: many("string") } };
    expect(applyChanges(before, diff(before, after))).toEqual(after);
  });
});

describe("laws", () => {
  test("applying the difference of two documents to the first gives the second", () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, (a, b) => {
        expect(canonical(applyChanges(a, diff(a, b)))).toBe(canonical(b));
        expect(canonical(applyChanges({}, diff({}, b)))).toBe(canonical(b));
      }),
      { seed, numRuns: 1_000 },
    );
  });

  test("a document does not differ from itself, nor from what was parsed from its text", () => {
    fc.assert(
      fc.property(anyDocument, (a) => {
        expect(diff(a, a)).toEqual([]);
        expect(diff(a, JSON.parse(JSON.stringify(a)))).toEqual([]);
      }),
      { seed },
    );
  });

  test("was is the value of the first document, and value that of the second", () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, (a, b) => {
        for (const change of diff(a, b)) {
          const pointer = parsePointer(change.path) ?? [];
          const was = "was" in change ? change.was : undefined;
          const value = "value" in change ? change.value : undefined;
          expect(valueAt(a, pointer)).toBe(was);
          expect(valueAt(b, pointer)).toBe(value);
        }
      }),
      { seed },
    );
  });

  test("changes name each path once and never one below another", () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, (a, b) => {
        const paths = diff(a, b).map((change) => `${change.path}/`);
        for (const path of paths) {
          expect(paths.filter((other) => path.startsWith(other))).toEqual([path]);
        }
      }),
      { seed },
    );
  });

  test("nothing leaks into the prototype of all objects", () => {
    const value = JSON.parse(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}}}',
    );
    applyChanges({}, diff({}, value));
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});
