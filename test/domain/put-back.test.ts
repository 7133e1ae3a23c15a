/** Goal: putting many fields back at once is what putting back one after the other is, refusals included. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { BucketsError } from "../../src/domain/errors.js";
import type { JsonObject, JsonValue } from "../../src/domain/json.js";
import { putBack } from "../../src/domain/revert.js";

const key = fc.constantFrom("x", "y");
const { document } = fc.letrec<{ value: JsonValue; document: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<JsonValue>(null, 1, 2, []),
    fc.dictionary(key, tie("value")),
  ),
  document: fc.dictionary(key, tie("value")),
}));
const field = fc
  .array(key, { minLength: 1, maxLength: 4 })
  .map((tokens) => tokens.map((token) => `/${token}`).join(""));

test("fields that are put back together are as if each had been put back by itself", () => {
  fc.assert(
    fc.property(
      document,
      document,
      fc.array(field, { minLength: 1, maxLength: 5 }),
      (current, earlier, fields) => {
        const oneByOne = outcome(() =>
          fields.reduce((now, one) => putBack(now, earlier, [one], () => true), current),
        );
        expect(outcome(() => putBack(current, earlier, fields, () => true))).toEqual(oneByOne);
      },
    ),
    { seed: 20_261_129, numRuns: 3_000 },
  );
});

function outcome(act: () => JsonObject): unknown {
  try {
    return act();
  } catch (error) {
    if (error instanceof BucketsError) return error.code;
    throw error;
  }
}
