/**
 * Reads the criteria of a list: search, filters and sort, from JSON that a caller sent. Whatever
 * does not fit is a BAD_REQUEST that names the place, because a filter that is half understood
 * would answer another question.
 */
import { withMeant } from "../did-you-mean.js";
import { BucketsError, invalidAt } from "../errors.js";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, ownValue } from "../json.js";
import { limits } from "../limits.js";
import type { Pointer } from "../pointer.js";
import { timestamp } from "../schemas.js";
import { type Condition, type Filter, type Operator, operators } from "./condition.js";
import { type FieldCatalog, parseField } from "./fields.js";
import type { Sort } from "./order.js";
import { parsePattern } from "./pattern.js";
import type { Search } from "./search.js";
import { wordsOf } from "./text.js";

/** What a list is asked for, beside its page. Plain data: equal criteria have equal JSON. */
export interface Criteria {
  readonly search: Search | undefined;
  readonly filter: Filter | undefined;
  readonly sort: Sort | undefined;
}

/** Whether they leave nothing out: they say at most the order. */
export function selectAll(criteria: Criteria | undefined): boolean {
  return criteria?.search === undefined && criteria?.filter === undefined;
}

/** As they were sent; null is the same as absent. */
export interface RawCriteria {
  readonly search?: JsonValue | undefined;
  readonly filters?: JsonValue | undefined;
  readonly sort?: JsonValue | undefined;
  readonly case_sensitive?: JsonValue | undefined;
}

type Location = readonly (string | number)[];

/** @throws BAD_REQUEST with the place of the fault. */
export function parseCriteria(raw: RawCriteria, catalog: FieldCatalog): Criteria {
  const caseSensitive = booleanAt(raw.case_sensitive ?? false, ["case_sensitive"]);
  return {
    search: parseSearch(raw.search ?? null, caseSensitive),
    filter: parseFilter(raw.filters ?? null, ["filters"], caseSensitive, catalog),
    sort: parseSort(raw.sort ?? null, caseSensitive, catalog),
  };
}

/** One filter, by its place in the body; null asks nothing. @throws BAD_REQUEST. */
export function parseFilter(
  raw: JsonValue,
  at: Location,
  caseSensitive: boolean,
  catalog: FieldCatalog,
): Filter | undefined {
  return raw === null ? undefined : new FilterParser(catalog).parse(raw, at, caseSensitive);
}

function parseSearch(raw: JsonValue, caseSensitive: boolean): Search | undefined {
  if (raw === null || raw === "") return undefined;
  const text = textAt(raw, ["search"], limits.searchLengthMax);
  return { text, caseSensitive };
}

function parseSort(
  raw: JsonValue,
  caseSensitive: boolean,
  catalog: FieldCatalog,
): Sort | undefined {
  if (raw === null) return undefined;
  const sort = objectAt(raw, ["sort"], sortKeys);
  const direction = ownValue(sort, "direction") ?? "asc";
  if (direction !== "asc" && direction !== "desc") {
    throw misfit(["sort", "direction"], "enum", `Sort "asc" or "desc".`);
  }
  const path = pathAt(ownValue(sort, "field") ?? null, ["sort", "field"], catalog);
  return { path, direction, caseSensitive };
}

const sortKeys = ["field", "direction"];
const conditionKeys = ["field", "operator", "value", "case_sensitive"];
const groups = { AND: "all", OR: "any", NOT: "none" } as const;
const groupNames = ["AND", "OR", "NOT"] as const;

/**
 * Groups hold lists: all of `AND`, at least one of `OR`, none of `NOT`. An empty list asks nothing.
 * What stands side by side in one group must hold together. A group may set `case_sensitive` for
 * what is in it, and a condition for itself.
 */
class FilterParser {
  readonly #catalog: FieldCatalog;
  #conditions = 0;

  constructor(catalog: FieldCatalog) {
    this.#catalog = catalog;
  }

  parse(raw: JsonValue, at: Location, caseSensitive: boolean): Filter {
    return this.#node(raw, at, 1, caseSensitive);
  }

  #node(raw: JsonValue, at: Location, depth: number, caseSensitive: boolean): Filter {
    if (depth > limits.filterDepthMax) {
      throw misfit(at, "too_deep", `Nest filters at most ${limits.filterDepthMax} levels deep.`);
    }
    if (!isJsonObject(raw)) {
      throw misfit(at, "object_type", "Send a condition or a group, as a JSON object.");
    }
    if (Object.hasOwn(raw, "field") || Object.hasOwn(raw, "operator")) {
      return this.#condition(raw, at, caseSensitive);
    }
    const isSensitive = sensitivityOf(raw, at, caseSensitive);
    const parts = Object.keys(raw)
      .filter((key) => key !== "case_sensitive")
      .flatMap((key) => this.#member(raw, key, at, depth, isSensitive));
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { kind: "all", of: parts };
  }

  /** A list of a group, or the shorthand `{"metadata.team": "x"}`. */
  #member(
    raw: JsonObject,
    key: string,
    at: Location,
    depth: number,
    caseSensitive: boolean,
  ): Filter[] {
    const value = ownValue(raw, key) ?? null;
    const place = [...at, key];
    const group = groupNames.find((name) => name === key);
    if (group === undefined) {
      assertNoSign(key, value, place);
      const path = pathAt(key, place, this.#catalog, groupNames);
      return [this.#checked(path, "eq", value, place, caseSensitive)];
    }
    if (value === null) return [];
    const list = isJsonArray(value) ? value : [value];
    const parts = list.map((item, index) =>
      this.#node(item, isJsonArray(value) ? [...place, index] : place, depth + 1, caseSensitive),
    );
    return parts.length === 0 ? [] : [{ kind: groups[group], of: parts }];
  }

  #condition(raw: JsonObject, at: Location, caseSensitive: boolean): Condition {
    objectAt(raw, at, conditionKeys);
    const path = pathAt(ownValue(raw, "field") ?? null, [...at, "field"], this.#catalog);
    const operator = operatorAt(ownValue(raw, "operator") ?? "eq", [...at, "operator"]);
    const isSensitive = sensitivityOf(raw, at, caseSensitive);
    return this.#checked(path, operator, ownValue(raw, "value"), [...at, "value"], isSensitive);
  }

  #checked(
    path: Pointer,
    operator: Operator,
    raw: JsonValue | undefined,
    at: Location,
    caseSensitive: boolean,
  ): Condition {
    this.#conditions += 1;
    if (this.#conditions > limits.filterConditionsMax) {
      throw misfit(at, "too_many", `Send at most ${limits.filterConditionsMax} conditions.`);
    }
    if (isDynamic(raw)) throw dynamicValue(at);
    const [root = ""] = path;
    const isTime = path.length === 1 && this.#catalog.times.includes(root);
    const value = valueFor(operator, raw, at, isTime);
    return { kind: "condition", path, operator, value, caseSensitive };
  }
}

/**
 * Other databases write `{"price": {"$gt": 1}}`: taken for a value that must be equal, it would answer
 * another question. A field with such a name is named by a condition.
 * @throws BAD_REQUEST with the form that is meant.
 */
function assertNoSign(key: string, value: JsonValue, at: Location): void {
  const sign = [key, ...(isJsonObject(value) ? Object.keys(value) : [])].find(isSign);
  if (sign === undefined) return;
  const field = key === sign ? "metadata.team" : key;
  const meant = sign.slice(1).toLowerCase();
  const group = groupNames.find((name) => name.toLowerCase() === meant);
  const operator = operators.find((name) => name === meant) ?? "eq";
  const form = group === undefined ? { field, operator, value: "…" } : { [group]: [{ field }] };
  const message = `"${sign.slice(0, 64).toWellFormed()}" is no operator here: send ${JSON.stringify(form)}.`;
  throw misfit(at, "foreign_operator", message);
}

function isSign(key: string): boolean {
  return key.startsWith("$");
}

/** What a group or a condition says of itself, or what it stands in says for it. */
function sensitivityOf(raw: JsonObject, at: Location, around: boolean): boolean {
  return booleanAt(ownValue(raw, "case_sensitive") ?? around, [...at, "case_sensitive"]);
}

/** The hosted API's stand-in for a value that a query gets only when it runs. */
function isDynamic(raw: JsonValue | undefined): boolean {
  if (raw === undefined || !isJsonObject(raw) || Object.keys(raw).length !== 2) return false;
  return ownValue(raw, "type") === "dynamic" && typeof ownValue(raw, "field") === "string";
}

function dynamicValue(at: Location): BucketsError {
  return invalidAt(
    ["body", ...at],
    "dynamic_value",
    "A DynamicValue has no value here, where no inputs are given to a query: send the value itself.",
  );
}

function operatorAt(raw: JsonValue, at: Location): Operator {
  const operator = operators.find((name) => name === raw);
  if (operator !== undefined) return operator;
  const message = `Use one of ${operators.join(", ")}.`;
  throw misfit(at, "enum", withMeant(message, String(raw), operators));
}

/** The value of a condition, checked against its operator. */
function valueFor(
  operator: Operator,
  raw: JsonValue | undefined,
  at: Location,
  isTime: boolean,
): JsonValue {
  if (operator === "exists" || operator === "is_null") return booleanAt(raw ?? true, at);
  if (raw === undefined) throw misfit(at, "missing", `The operator "${operator}" needs a value.`);
  switch (operator) {
    case "eq":
    case "ne":
      return isTime && raw !== null ? timeAt(raw, at) : raw;
    case "contains":
      return raw;
    case "gt":
    case "lt":
    case "gte":
    case "lte":
      if (isTime) return timeAt(raw, at);
      if (typeof raw === "number" || typeof raw === "string") return raw;
      throw misfit(at, "type", `The operator "${operator}" compares with a number or a string.`);
    case "in":
    case "nin":
      return listAt(raw, at, isTime);
    case "starts_with":
    case "ends_with":
      return textAt(raw, at);
    case "regex":
      return patternAt(raw, at);
    case "text": {
      const text = textAt(raw, at, limits.searchLengthMax);
      if (wordsOf(text).length > 0) return text;
      throw misfit(at, "no_words", "Send at least one word of letters or digits.");
    }
  }
}

function listAt(raw: JsonValue, at: Location, isTime: boolean): readonly JsonValue[] {
  if (!isJsonArray(raw)) throw misfit(at, "array_type", "Send an array of values.");
  if (raw.length > limits.filterValuesMax) {
    throw misfit(at, "too_many", `Send at most ${limits.filterValuesMax} values.`);
  }
  return isTime ? raw.map((item, index) => timeAt(item, [...at, index])) : raw;
}

function patternAt(raw: JsonValue, at: Location): string {
  const source = textAt(raw, at, limits.filterPatternLengthMax);
  const parsed = parsePattern(source, true);
  if ("fault" in parsed) {
    throw misfit(at, "pattern", `Not a regular expression as RE2 has them: ${parsed.fault}.`);
  }
  if (parsed.pattern.size <= limits.filterPatternSizeMax) return source;
  const location = ["body", ...at];
  throw invalidAt(location, "pattern_too_large", "Repeat less in the regular expression.");
}

/** A time in the form that answers have, so that its order as text is that of time. */
function timeAt(raw: JsonValue, at: Location): string {
  const parsed = timestamp.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw misfit(at, "time", "Send a time as in RFC 3339, with its offset, or a day.");
}

/** The place that a name means, when its root is a field. @throws BAD_REQUEST. */
export function pathAt(
  raw: JsonValue,
  at: Location,
  catalog: FieldCatalog,
  otherNames: readonly string[] = [],
): Pointer {
  if (typeof raw !== "string") throw misfit(at, "missing", "Name a field.");
  const path = parseField(raw);
  const [root = ""] = path ?? [];
  // In an open catalog a group in another case, such as "and", would be taken for a field.
  const isGroup = otherNames.includes(root.toUpperCase());
  const isKnown = catalog.names.includes(root) || (catalog.isOpen === true && !isGroup);
  if (path !== undefined && isKnown) return path;
  const message = `There is no field "${shortened(raw)}".`;
  const written = path === undefined ? raw : root;
  const names = [...catalog.names, ...otherNames];
  throw misfit(at, "unknown_field", withMeant(message, written, names));
}

function objectAt(raw: JsonValue, at: Location, keys: readonly string[]): JsonObject {
  if (!isJsonObject(raw)) throw misfit(at, "object_type", "Send a JSON object.");
  const stray = Object.keys(raw).find((key) => !keys.includes(key));
  if (stray === undefined) return raw;
  const message = `Send only ${keys.join(", ")}.`;
  throw misfit([...at, shortened(stray)], "unknown_key", withMeant(message, stray, keys));
}

function booleanAt(raw: JsonValue, at: Location): boolean {
  if (typeof raw === "boolean") return raw;
  throw misfit(at, "boolean_type", "Send true or false.");
}

function textAt(raw: JsonValue, at: Location, lengthMax: number = Number.MAX_VALUE): string {
  if (typeof raw !== "string") throw misfit(at, "string_type", "Send a string.");
  if (raw.length <= lengthMax) return raw;
  throw misfit(at, "too_long", `Send at most ${lengthMax} characters.`);
}

const shownLengthMax = 64;

function shortened(text: string): string {
  return text.length <= shownLengthMax ? text : `${text.slice(0, shownLengthMax).toWellFormed()}…`;
}

function misfit(at: Location, type: string, message: string): BucketsError {
  const where = at.map((part) => (typeof part === "string" ? shortened(part) : part));
  return new BucketsError(
    "BAD_REQUEST",
    `The query does not fit at ${where.join(".")}: ${message}`,
    {
      validation_errors: [{ type, location: ["body", ...where], message }],
    },
  );
}
