import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePayload } from "../../../src/domain/ingest/payload.js";
import { refusalOf } from "../refusal.js";

const parse = (text: string) => parsePayload(Buffer.from(text));

describe("the JSON of a webhook", () => {
  test.each([
    ["a key that is a number", "{99999999999999999999:1}"],
    ["a number with a zero before it", "[099999999999999999999]"],
    ["two numbers without a comma", "[99999999999999999999 1]"],
    ["a number that ends in its exponent", "[1e]"],
    ["two signs", "[--0]"],
  ])("is refused with %s", (_, text) => {
    expect(refusalOf(() => parse(text)).code).toBe("BAD_REQUEST");
  });

  test("is refused beyond 64 levels", () => {
    const refusal = refusalOf(() => parse("[".repeat(65)));
    expect(refusal.details["validation_errors"]).toMatchObject([{ type: "too_deep" }]);
  });

  test("keeps the digits of what a double cannot hold, as text, and no minus zero", () => {
    expect(parse('{"id": 99999999999999999999, "n": [1e400, -1E+400, 9007199254740993]}')).toEqual({
      id: "99999999999999999999",
      n: ["1e400", "-1E+400", "9007199254740993"],
    });
    expect(parse("[-0, -0.0, -0e5, -1e-400]")).toEqual([0, 0, 0, 0]);
    expect(parse('{"9007199254740993": "9007199254740993"}')).toEqual({
      "9007199254740993": "9007199254740993",
    });
  });

  test("is otherwise what JSON says, whatever stands around its numbers", () => {
    const value = fc.jsonValue({ stringUnit: "binary" });
    const spaced = fc.constantFrom(undefined, 1, "\t");
    fc.assert(
      fc.property(value, spaced, (json, space) => {
        const text = JSON.stringify(json, undefined, space);
        expect(parse(text)).toEqual(JSON.parse(text, asHeld));
      }),
    );
  });
});

/** What is kept of each value, found by looking at the values. */
function asHeld(_key: string, value: unknown): unknown {
  if (typeof value !== "number") return value;
  const isHeld = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (isHeld) return value === 0 ? 0 : value;
  return String(value);
}
