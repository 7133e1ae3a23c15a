/** Random criteria for lists: every operator, on fields that are there, absent or of another type. */
import fc from "fast-check";
import type { RawCriteria } from "../../src/domain/filter/parse.js";
import type { JsonObject } from "../../src/domain/json.js";
import { anyJson } from "../domain/arbitraries.js";

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 3 }),
  fc.constantFrom(
    "x",
    "X",
    "s",
    "k",
    "ss",
    "bucket",
    "bkt_",
    "*",
    "1",
    "%",
    "' OR 1=1 --",
    "\u0000",
  ),
);
const anyValue = fc.oneof(anyJson, anyText);
const anyTime = fc.constantFrom("2026-10-01T12:00:00.001Z", "2026-10-01", "2026-10-01T14:00+02:00");

function conditionOver(anyField: fc.Arbitrary<string>): fc.Arbitrary<JsonObject> {
  return anyField.chain((field) => {
    const isTime = field === "created_at";
    const value = isTime ? anyTime.filter((text) => text.length !== 22) : anyValue;
    const bound = isTime ? value : fc.oneof(anyText, fc.integer({ min: -2, max: 2 }));
    return fc.oneof(
      fc.record({ field: fc.constant(field), operator: fc.constantFrom("eq", "ne"), value }),
      fc.record({ field: fc.constant(field), operator: fc.constant("contains"), value: anyValue }),
      fc.record({
        field: fc.constant(field),
        operator: fc.constantFrom("gt", "lt", "gte", "lte"),
        value: bound,
      }),
      fc.record({
        field: fc.constant(field),
        operator: fc.constantFrom("in", "nin"),
        value: fc.array(value, { maxLength: 4 }),
      }),
      fc.record({
        field: fc.constant(field),
        operator: fc.constantFrom("starts_with", "ends_with"),
        value: anyText,
      }),
      fc.record({
        field: fc.constant(field),
        operator: fc.constant("regex"),
        value: fc.constantFrom("x", "^X$", "[a-k]+", "b.*t", "\\x00"),
      }),
      fc.record({
        field: fc.constant(field),
        operator: fc.constant("text"),
        value: fc.constantFrom("x", "y X", "ss", "bucket 3"),
      }),
      fc.record({
        field: fc.constant(field),
        operator: fc.constantFrom("exists", "is_null"),
        value: fc.boolean(),
      }),
    );
  });
}

/** Filters, searches and sorts over the fields, of which `created_at` is a time. */
export function criteriaOver(anyField: fc.Arbitrary<string>): fc.Arbitrary<RawCriteria> {
  const { filter } = fc.letrec<{ filter: JsonObject }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      conditionOver(anyField),
      ...(["AND", "OR", "NOT"] as const).map((name) =>
        fc.array(tie("filter"), { maxLength: 3 }).map((parts) => ({ [name]: parts })),
      ),
    ),
  }));
  return fc.record(
    {
      search: fc.oneof(anyText, fc.constantFrom("bucket*", "*1", "*k*t*")),
      filters: filter,
      sort: fc.record({ field: anyField, direction: fc.constantFrom("asc", "desc") }),
      case_sensitive: fc.boolean(),
    },
    { requiredKeys: [] },
  );
}
