/** Random JSON for the laws: awkward keys are frequent, and every value may enter at the door. */
import fc from "fast-check";
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../src/domain/json.js";

/** Fixed, so that every run sees the same values; fast-check prints it with a counterexample. */
export const seed = 20261001;

const awkwardKeys = [
  "",
  "a",
  "b",
  "a/b",
  "~",
  "~1",
  "-",
  "0",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "é",
];

const text = fc.string({ unit: "binary", maxLength: 8 });
const key = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...awkwardKeys) }, text);

const number = fc.oneof(
  fc.maxSafeInteger(),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value)),
);

const scalar: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  number.map((value) => (value === 0 ? 0 : value)),
  text,
);

const tree = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object"),
  ),
  object: fc
    .array(fc.tuple(key, tie("value")), { maxLength: 5 })
    .map((entries) => Object.fromEntries(entries)),
}));

export const anyJson: fc.Arbitrary<JsonValue> = tree.value;
export const anyDocument: fc.Arbitrary<JsonObject> = tree.object;

/** The same text for equal values, whatever the order of their keys. */
export function canonical(value: JsonValue): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([name, item]): [string, JsonValue] => [
    name,
    sorted(item),
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
