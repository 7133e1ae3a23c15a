import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type JsonValue, jsonBytes, jsonDepth } from "../../src/domain/json.js";
import { hasManyValues } from "../../src/domain/json-text.js";
import { measureOf, roughBytes } from "../../src/domain/measure.js";
import { anyJson, seed } from "./arbitraries.js";

const texts = fc.string({ unit: "binary" }).map((text) => text.toWellFormed());
const anything = fc.oneof(anyJson, texts, fc.constant("\u0001\u2028😀"));
const anyList = fc.array(anything);

function nested(levels: number): JsonValue[] {
  let value: JsonValue[] = [];
  for (let level = 1; level < levels; level += 1) value = [value];
  return value;
}

function valuesIn(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, member) => sum + valuesIn(member), 1);
}

describe("a measure", () => {
  test("is never less than what is written, and as deep as the value is", () => {
    fc.assert(
      fc.property(anyList, (list) => {
        const { bytesAtMost, depth } = measureOf(list);
        expect(bytesAtMost).toBeGreaterThanOrEqual(jsonBytes(list));
        expect(depth).toBe(jsonDepth(list));
      }),
      { seed },
    );
  });

  test("counts the value and what is in it, as it is counted in its text before that is parsed", () => {
    const spaces = fc.constantFrom(undefined, 1, "\t");
    fc.assert(
      fc.property(anyList, spaces, (list, space) => {
        const { values } = measureOf(list);
        expect(values).toBe(valuesIn(list));
        const text = Buffer.from(JSON.stringify(list, undefined, space));
        expect(hasManyValues(text, values)).toBe(false);
        expect(hasManyValues(text, values - 1)).toBe(true);
      }),
      { seed },
    );
  });

  test.each([
    ["digits", [0, 9, 10, 999_999, 1_000_000, -10, Number.MAX_SAFE_INTEGER]],
    ["literals and what is empty", [[], {}, false]],
  ] as const)("is nearly exact for %s", (_, list) => {
    expect(measureOf(list).bytesAtMost - jsonBytes(list)).toBeLessThanOrEqual(list.length * 3);
  });

  test("of a long array within a value is that of the array by itself", () => {
    fc.assert(
      fc.property(fc.array(anything, { minLength: 1 }), (items) => {
        const long = Array.from({ length: 1_000 }, (_, index) => items[index % items.length] ?? 0);
        const within = measureOf({ list: long });
        const alone = measureOf([...long]);
        expect(within.depth).toBe(alone.depth + 1);
        expect(within.values).toBe(alone.values + 1);
        expect(within.bytesAtMost).toBeGreaterThanOrEqual(jsonBytes({ list: long }));
        expect(within.roughBytes - alone.roughBytes).toBe(
          roughBytes({ list: [] }) - roughBytes([]),
        );
      }),
      { seed, numRuns: 30 },
    );
  });

  test.each([1, 64, 65, 256])("tells of %i levels", (levels) => {
    expect(measureOf(nested(levels)).depth).toBe(levels);
  });

  test("of what is deeper than anything that is let in says that it is, and ends", () => {
    expect(measureOf(nested(100_000)).depth).toBeGreaterThan(256);
  });
});
