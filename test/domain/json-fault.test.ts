import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findJsonFault } from "../../src/domain/json-fault.js";
import { parseJsonText } from "../../src/domain/json-text.js";
import { anyJson, seed } from "./arbitraries.js";
import { refusalOf } from "./refusal.js";

const aValue = 'a value: {, [, a string in "double quotes", a number, true, false or null';

describe("the place where a text stops being JSON, and what could stand there", () => {
  test.each([
    ["", 1, 1, aValue],
    ['{"a": 1,\n "b" 2}', 2, 6, "a colon"],
    ['{"a": 1\n "b": 2}', 2, 2, "a comma or }"],
    ['{"a": 1,\n}', 2, 1, 'a key in "double quotes"'],
    ["{bad}", 1, 2, 'a key in "double quotes" or }'],
    ["[1 2]", 1, 4, "a comma or ]"],
    ["[1,]", 1, 4, aValue],
    ["[", 1, 2, `${aValue}; or ]`],
    ["'a'", 1, 1, aValue],
    ["01", 1, 2, "the end of the text"],
    ["-", 1, 2, "a digit"],
    ["1.", 1, 3, "a digit"],
    ["1e+", 1, 4, "a digit"],
    ['"a', 1, 3, 'a closing "'],
    ['"a\nb"', 1, 3, "an escape such as \\n for a control character"],
    ['"\\x"', 1, 3, 'one of " \\ / b f n r t u0000 after the \\'],
    ['["é😀", tru]', 1, 8, aValue],
    ["{} {}", 1, 4, "the end of the text"],
    ["\uFEFF{}", 1, 1, `${aValue}, without a byte order mark`],
  ])("%j", (text, line, column, expected) => {
    expect(findJsonFault(text)).toEqual({ line, column, expected });
  });

  test("is found in exactly those texts that the parser refuses, and no later than it", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"',
      "\\",
      "\n",
      "1",
      "-",
      ".",
      "e",
    );
    const broken = fc
      .tuple(anyJson, fc.nat(), pieces, fc.boolean())
      .map(([value, at, piece, replaces]) => {
        const text = JSON.stringify(value, null, 1);
        const place = at % (text.length + 1);
        return text.slice(0, place) + piece + text.slice(place + (replaces ? 1 : 0));
      });
    fc.assert(
      fc.property(broken, (text) => {
        expect(findJsonFault(text) === undefined, text).toBe(isJson(text));
      }),
      { seed, numRuns: 1_000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("the error names the text, its line in a file and the place, and quotes nothing", () => {
  const bytes = new TextEncoder().encode('{"token": hunter2}');
  const { message, details } = refusalOf(() => parseJsonText(bytes, { name: "It", line: 7 }));
  expect(message).toBe(`It is not valid JSON at line 7, column 11: expected ${aValue}.`);
  expect(details).toEqual({ line: 7, column: 11, expected: aValue });
});
