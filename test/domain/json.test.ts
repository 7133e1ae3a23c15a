import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonBytes, jsonDepth, jsonEqual, toJson, withMembers } from "../../src/domain/json.js";
import { anyJson, canonical, seed } from "./arbitraries.js";
import { refusalOf } from "./refusal.js";

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

describe("toJson", () => {
  test.each([
    ["undefined", undefined],
    ["undefined in an array", [undefined]],
    ["a hole in an array", new Array(1)],
    ["a function", () => 1],
    ["a symbol", Symbol("a")],
    ["a bigint", 1n],
    ["NaN", Number.NaN],
    ["an infinity", [Number.POSITIVE_INFINITY]],
    ["a lone surrogate", "\ud800"],
    ["a lone surrogate in a key", { "\udc00": 1 }],
    ["a date that is none", new Date(Number.NaN)],
    ["a map", new Map([["a", 1]])],
    ["a set", new Set([1])],
    ["bytes", new Uint8Array(2)],
    ["a regular expression", /a/],
    ["an object of a class", new (class Team {})()],
  ])("%s is a bad request", (_, input) => {
    expect(refusalOf(() => toJson(input)).code).toBe("BAD_REQUEST");
    expect(refusalOf(() => toJson({ metadata: [{ input }, input] })).code).toBe("BAD_REQUEST");
  });

  test("65 levels do not fit, nor does a circle", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(refusalOf(() => toJson(nested(65))).code).toBe("VALIDATION_FAILED");
    expect(refusalOf(() => toJson(circle)).code).toBe("VALIDATION_FAILED");
  });

  test.each([63, 64])("%i levels fit", (levels) => {
    expect(toJson(nested(levels))).toEqual(nested(levels));
  });

  test("undefined members are left out, dates become text", () => {
    const at = new Date("2026-10-01T02:00:00+02:00");
    expect(toJson({ at, gone: undefined, nothing: null })).toStrictEqual({
      at: "2026-10-01T00:00:00.000Z",
      nothing: null,
    });
  });

  test("minus zero becomes zero, as it does in JSON text", () => {
    expect(toJson([-0])).toStrictEqual([0]);
  });

  test("objects without a prototype are objects", () => {
    expect(toJson(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 });
  });

  test("the result is a copy", () => {
    const input = { metadata: { tags: ["a"] } };
    const value = toJson(input);
    input.metadata.tags.push("b");
    expect(value).toEqual({ metadata: { tags: ["a"] } });
  });

  test("any JSON value is copied as it is", () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(canonical(toJson(value))).toBe(canonical(value));
      }),
      { seed },
    );
  });
});

describe("jsonEqual", () => {
  test.each([
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1, b: 2 }, { a: 1 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: null }, {}],
    [{}, []],
    [[], null],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 2]],
    ["1", 1],
    [0, false],
    [null, undefined],
    [{ constructor: 1 }, {}],
    [{ toString: 1 }, { valueOf: 1 }],
  ])("%j and %j differ", (a, b) => {
    expect(jsonEqual(a, b)).toBe(false);
    expect(jsonEqual(b, a)).toBe(false);
  });

  test("an own __proto__ counts", () => {
    const polluted = JSON.parse('{"__proto__":{"a":1}}');
    expect(jsonEqual(polluted, {})).toBe(false);
    expect(jsonEqual(polluted, JSON.parse('{"__proto__":{"a":2}}'))).toBe(false);
    expect(jsonEqual(polluted, JSON.parse('{"__proto__":{"a":1}}'))).toBe(true);
  });

  test("the order of keys does not matter", () => {
    expect(jsonEqual({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toBe(true);
  });

  test("it says the same as a canonical text", () => {
    fc.assert(
      fc.property(anyJson, anyJson, (a, b) => {
        expect(jsonEqual(a, b)).toBe(canonical(a) === canonical(b));
        expect(jsonEqual(a, JSON.parse(JSON.stringify(a)))).toBe(true);
      }),
      { seed },
    );
  });
});

describe("jsonDepth", () => {
  test.each([
    [null, 0],
    ["a", 0],
    [[], 1],
    [{}, 1],
    [[1, { a: [] }, 2], 3],
  ])("of %j is %i", (value, depth) => {
    expect(jsonDepth(value)).toBe(depth);
  });

  test("stops counting just past the limit", () => {
    expect(jsonDepth([[[[1]]]], 2)).toBe(3);
    expect(jsonDepth([[1]], 2)).toBe(2);
  });
});

test("jsonBytes counts UTF-8, not characters", () => {
  expect(jsonBytes({ é: "😀" })).toBe('{"":""}'.length + 2 + 4);
});

describe("members put into an object", () => {
  const anyKey = fc.constantFrom("a", "b", "c", "1", "", "__proto__", "constructor");
  const anyMember = fc.tuple(anyKey, fc.option(fc.nat({ max: 3 }), { nil: undefined }));
  const anyObject = fc
    .uniqueArray(fc.tuple(anyKey, fc.nat()), { selector: ([key]) => key })
    .map((members) => Object.fromEntries(members));

  test("are put in one after the other, however many they are, and keep their places", () => {
    fc.assert(
      fc.property(anyObject, fc.array(anyMember, { maxLength: 20 }), (object, members) => {
        const before = JSON.stringify(object);
        const expected = new Map(Object.entries(object));
        for (const [key, value] of members) {
          if (value === undefined) expected.delete(key);
          else expected.set(key, value);
        }
        const found = withMembers(object, members);
        expect(JSON.stringify(found)).toBe(JSON.stringify(Object.fromEntries(expected)));
        expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
        expect(JSON.stringify(object)).toBe(before);
      }),
      { seed },
    );
  });
});
