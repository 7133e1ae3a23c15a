import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatPointer, isWithin, parsePointer, valueAt } from "../../src/domain/pointer.js";
import { seed } from "./arbitraries.js";

function at(document: Parameters<typeof valueAt>[0], text: string) {
  const pointer = parsePointer(text);
  if (pointer === undefined) throw new Error(`${text} is no pointer`);
  return valueAt(document, pointer);
}

describe("parsePointer", () => {
  test.each(["a", "a/b", "~2", "/~2", "/~", "/a~", "/~a/b", "#/a", " /a"])(
    "%j is no pointer",
    (text) => {
      expect(parsePointer(text)).toBeUndefined();
    },
  );

  test.each([
    ["", []],
    ["/", [""]],
    ["//", ["", ""]],
    ["/a~1b/m~0n", ["a/b", "m~n"]],
    ["/~01", ["~1"]],
    ["/~10", ["/0"]],
    ["/__proto__/constructor", ["__proto__", "constructor"]],
  ])("%j has the tokens %j", (text, tokens) => {
    expect(parsePointer(text)).toEqual(tokens);
    expect(formatPointer(tokens)).toBe(text);
  });

  test("any tokens come back from their pointer", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("~", "/", "0", "1", "a") })),
        (tokens) => {
          expect(parsePointer(formatPointer(tokens))).toEqual(tokens);
        },
      ),
      { seed },
    );
  });
});

describe("valueAt", () => {
  const list = ["x", "y"];

  test.each(["/-", "/01", "/00", "/-1", "/+1", "/1e0", "/1.0", "/ 1", "/2", "/", "/length", "/a"])(
    "an array has nothing at %s",
    (text) => {
      expect(at(list, text)).toBeUndefined();
    },
  );

  test.each(["/constructor", "/__proto__", "/toString", "/a/b", "/n/a"])(
    "an object has nothing at %s, which it only inherits or does not reach",
    (text) => {
      expect(at({ a: "text", n: null }, text)).toBeUndefined();
    },
  );

  test("an array is counted from 0", () => {
    expect(at(list, "/0")).toBe("x");
    expect(at(list, "/1")).toBe("y");
  });

  const example = {
    foo: ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
  };

  test.each([
    ["", example],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/e^f", 3],
    ["/g|h", 4],
    ["/i\\j", 5],
    ['/k"l', 6],
    ["/ ", 7],
    ["/m~0n", 8],
  ])("of the example of RFC 6901 section 5, %j is %j", (text, value) => {
    expect(at(example, text)).toEqual(value);
  });

  test("own keys that are special to JavaScript are found", () => {
    const document = JSON.parse('{"__proto__":{"constructor":1}}');
    expect(at(document, "/__proto__/constructor")).toBe(1);
  });
});

test("isWithin compares whole tokens", () => {
  expect(isWithin(["a", "b"], [])).toBe(true);
  expect(isWithin(["a", "b"], ["a", "b"])).toBe(true);
  expect(isWithin(["a"], ["a", "b"])).toBe(false);
  expect(isWithin(["ab"], ["a"])).toBe(false);
});
