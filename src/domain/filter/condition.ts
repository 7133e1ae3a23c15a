/**
 * The meaning of a filter: one pure predicate, whatever engine asks it.
 *
 * - Values of different types never match and are never in an order: `"5"` is not `5`.
 * - A field that is missing matches `exists: false`, `is_null: true`, and the complements `ne` and
 *   `nin`; nothing else. A field that is null is there: it `exists`, is `eq` to null, and `is_null`.
 * - `eq`, `ne`, `in`, `nin` compare whole values, arrays and objects included; the order of keys
 *   does not matter.
 * - `gt lt gte lte` order numbers with numbers and strings with strings, those by code points.
 * - `contains` finds a part of a string, or an item of an array that is `eq`; it looks no deeper.
 * - `starts_with`, `ends_with` and `regex` (found anywhere unless anchored) are about strings.
 * - `text` wants every word of its value among the words of a string, or of the strings in an
 *   array, in any order; whole words, always without regard to case.
 * - `case_sensitive` reaches every other comparison of strings, never the names of fields or keys.
 */
import { type BucketsError, invalidAt } from "../errors.js";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../json.js";
import { limits } from "../limits.js";
import { type Pointer, valueAt } from "../pointer.js";
import { parsePattern } from "./pattern.js";
import { compareText, type Folding, foldCase, foldingOf, hasWord, wordsOf } from "./text.js";

export const operators = [
  "eq",
  "ne",
  "gt",
  "lt",
  "gte",
  "lte",
  "in",
  "nin",
  "contains",
  "starts_with",
  "ends_with",
  "regex",
  "exists",
  "is_null",
  "text",
] as const;
export type Operator = (typeof operators)[number];

/** One condition on one field. Its value was checked against the operator (`parse.ts`). */
export interface Condition {
  readonly kind: "condition";
  readonly path: Pointer;
  readonly operator: Operator;
  readonly value: JsonValue;
  readonly caseSensitive: boolean;
}

export type Filter =
  | Condition
  /** All, at least one, or none of the filters match; `all` and `none` of nothing do. */
  | { readonly kind: "all" | "any" | "none"; readonly of: readonly Filter[] };

/** Tests the value of a field; undefined when the field is missing. */
export type ValueTest = (value: JsonValue | undefined) => boolean;

/** The predicate of a filter, on a document as it is answered. */
export function compileFilter(filter: Filter): (document: JsonObject) => boolean {
  return compileFilterOn(filter, (path) => (document: JsonObject) => valueAt(document, path));
}

/** The predicate of a filter, on whatever has the fields that it is about. */
export function compileFilterOn<Row>(
  filter: Filter,
  fieldAt: (path: Pointer) => (row: Row) => JsonValue | undefined,
): (row: Row) => boolean {
  if (filter.kind === "condition") {
    const test = compileCondition(filter);
    const field = fieldAt(filter.path);
    return (row) => test(field(row));
  }
  const parts = filter.of.map((part) => compileFilterOn(part, fieldAt));
  switch (filter.kind) {
    case "all":
      return (row) => parts.every((part) => part(row));
    case "any":
      return (row) => parts.some((part) => part(row));
    case "none":
      return (row) => !parts.some((part) => part(row));
  }
}

/** The fields that a filter is about. */
export function fieldsOf(filter: Filter): readonly Pointer[] {
  return filter.kind === "condition" ? [filter.path] : filter.of.flatMap(fieldsOf);
}

export function compileCondition({ operator, value, caseSensitive }: Condition): ValueTest {
  const fold = foldingOf(caseSensitive);
  switch (operator) {
    case "eq":
      return equals(value, fold);
    case "ne":
      return not(equals(value, fold));
    case "gt":
      return ordered(value, fold, (order) => order > 0);
    case "lt":
      return ordered(value, fold, (order) => order < 0);
    case "gte":
      return ordered(value, fold, (order) => order >= 0);
    case "lte":
      return ordered(value, fold, (order) => order <= 0);
    case "in":
      return isOneOf(value, fold);
    case "nin":
      return not(isOneOf(value, fold));
    case "contains":
      return contains(value, fold);
    case "starts_with":
      return onText(value, fold, (text, part) => text.startsWith(part));
    case "ends_with":
      return onText(value, fold, (text, part) => text.endsWith(part));
    case "regex":
      return matchesPattern(value, caseSensitive);
    case "exists":
      return (found) => (found !== undefined) === value;
    case "is_null":
      return (found) => ((found ?? null) === null) === value;
    case "text":
      return hasWords(value);
  }
}

function not(test: ValueTest): ValueTest {
  return (found) => !test(found);
}

function equals(value: JsonValue, fold: Folding): ValueTest {
  const wanted = canonical(value, fold);
  return (found) =>
    found !== undefined && typeof found === typeof value && canonical(found, fold) === wanted;
}

function isOneOf(value: JsonValue, fold: Folding): ValueTest {
  const wanted = new Set(itemsOf(value).map((item) => canonical(item, fold)));
  return (found) => found !== undefined && wanted.has(canonical(found, fold));
}

function contains(value: JsonValue, fold: Folding): ValueTest {
  const isEqual = equals(value, fold);
  const hasPart = onText(value, fold, (text, part) => text.includes(part));
  return (found) => (isJsonArray(found) ? found.some(isEqual) : hasPart(found));
}

/** The same text for equal values, folded. */
export function canonical(value: JsonValue, fold: Folding): string {
  if (typeof value === "string") return JSON.stringify(fold(value));
  if (isJsonArray(value)) return `[${value.map((item) => canonical(item, fold)).join()}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item, fold)}`);
  return `{${members.join()}}`;
}

function ordered(value: JsonValue, fold: Folding, holds: (order: number) => boolean): ValueTest {
  if (typeof value === "number") {
    return (found) => typeof found === "number" && holds(found - value);
  }
  return onText(value, fold, (text, bound) => holds(compareText(text, bound)));
}

function onText(
  value: JsonValue,
  fold: Folding,
  holds: (text: string, value: string) => boolean,
): ValueTest {
  if (typeof value !== "string") return () => false;
  const wanted = fold(value);
  return (found) => typeof found === "string" && holds(fold(found), wanted);
}

function matchesPattern(value: JsonValue, caseSensitive: boolean): ValueTest {
  const parsed = typeof value === "string" ? parsePattern(value, caseSensitive) : undefined;
  if (parsed === undefined || "fault" in parsed) return () => false;
  const { occursIn, size } = parsed.pattern;
  let work = 0;
  return (found) => {
    if (typeof found !== "string") return false;
    work += (size + limits.filterPatternCharacterWork) * found.length;
    if (work > limits.filterPatternWorkMax) throw tooMuchWork();
    return occursIn(found);
  };
}

function tooMuchWork(): BucketsError {
  return invalidAt(
    ["body", "filters"],
    "too_much_work",
    "The regular expression is too large for so much text: shorten it, or narrow the list by other conditions first.",
  );
}

function hasWords(value: JsonValue): ValueTest {
  const wanted = typeof value === "string" ? wordsOf(value) : [];
  return (found) => {
    const items = isJsonArray(found) ? found : [found];
    const texts = items.flatMap((item) => (typeof item === "string" ? [foldCase(item)] : []));
    const isThere = (word: string) => texts.some((text) => hasWord(text, word));
    return wanted.length > 0 && wanted.every(isThere);
  };
}

function itemsOf(value: JsonValue): readonly JsonValue[] {
  return isJsonArray(value) ? value : [];
}
