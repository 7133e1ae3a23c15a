/**
 * JSON values as plain data: equality, cloning, sizes and the rules that every value must keep.
 * Objects are only ever built by spread, computed keys or `Object.fromEntries`, which define own
 * properties, so that a key named `__proto__` or `constructor` is data like any other.
 */
import { BucketsError, invalidAt } from "./errors.js";
import { limits } from "./limits.js";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export function isJsonArray(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** For values that came through the door: what they hold below is JSON as well. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The own property `key`, never an inherited one such as `constructor`. */
export function ownValue(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function withKey(object: JsonObject, key: string, value: JsonValue): JsonObject {
  return { ...object, [key]: value };
}

/** A key, and its value; undefined takes the key away. */
export type Member = readonly [key: string, value: JsonValue | undefined];

/** Up to as many are put in one after the other, which takes a copy of the object for each. */
const fewMembers = 4;

/** The object with these members, one after the other: a key that it has keeps its place. */
export function withMembers(object: JsonObject, members: readonly Member[]): JsonObject {
  if (members.length > fewMembers) return withManyMembers(object, members);
  let changed = object;
  for (const [key, value] of members) {
    changed = value === undefined ? withoutKey(changed, key) : { ...changed, [key]: value };
  }
  return changed;
}

function withoutKey(object: JsonObject, key: string): JsonObject {
  const { [key]: _gone, ...rest } = object;
  return rest;
}

/** In one pass over the object, which may be as large. */
function withManyMembers(object: JsonObject, members: readonly Member[]): JsonObject {
  const all = new Map(Object.entries(object));
  for (const [key, value] of members) {
    if (value === undefined) all.delete(key);
    else all.set(key, value);
  }
  return Object.fromEntries(all);
}

/** The object of the members that are there. */
export function withoutAbsent(
  members: Readonly<Record<string, JsonValue | undefined>>,
): JsonObject {
  const there: [string, JsonValue][] = [];
  for (const [key, value] of Object.entries(members)) {
    if (value !== undefined) there.push([key, value]);
  }
  return Object.fromEntries(there);
}

/**
 * Freezes plain data to its leaves, and gives it back. What is frozen already is not walked again:
 * only this freezes, from the leaves up, so that a frozen value has nothing below it that is not.
 */
export function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  // An array is walked as it is, for it may have very many items.
  const members: Iterable<unknown> = Array.isArray(value) ? value : Object.values(value);
  for (const member of members) frozen(member);
  return Object.freeze(value);
}

/** Equality of JSON values: the order of keys does not matter, the order of array items does. */
export function jsonEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (isJsonArray(a) && isJsonArray(b)) return itemsEqual(a, b);
  if (isJsonObject(a) && isJsonObject(b)) {
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length) return false;
    return keys.every((key) => Object.hasOwn(b, key) && jsonEqual(a[key], b[key]));
  }
  return false;
}

/** By their index alone, and the same ones at a glance: there may be very many. */
function itemsEqual(a: readonly JsonValue[], b: readonly JsonValue[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) {
    if (a[index] !== b[index] && !jsonEqual(a[index], b[index])) return false;
  }
  return true;
}

/** Levels of arrays and objects; a scalar has none. Stops counting just past `limit`. */
export function jsonDepth(value: JsonValue, limit: number = limits.jsonDepthMax): number {
  if (typeof value !== "object" || value === null) return 0;
  if (limit <= 0) return 1;
  let deepest = 0;
  const items = isJsonArray(value) ? value : Object.values(value);
  // Very many items are numbers and texts, which are passed over by their index alone.
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index];
    if (typeof item === "object") deepest = Math.max(deepest, jsonDepth(item, limit - 1));
  }
  return deepest + 1;
}

const utf8 = new TextEncoder();

/** The number of bytes of the value as UTF-8 JSON text. */
export function jsonBytes(value: JsonValue): number {
  return utf8.encode(JSON.stringify(value)).length;
}

/**
 * What a caller of the library passed in, as a JSON value of our own: a frozen deep copy without
 * `undefined` members, dates as RFC 3339 text. The same rules hold as for JSON text at the HTTP
 * door (`json-text.ts`).
 *
 * @throws BAD_REQUEST for what JSON cannot say exactly: functions, bigints, maps and instances of
 * other classes, NaN, infinities, lone surrogates; VALIDATION_FAILED beyond 64 levels or 10,000 keys in
 * an object.
 */
export function toJson(input: unknown): JsonValue {
  if (isFromText(input)) return frozen(input);
  return frozen(copied(input, 0));
}

/** Values that came as JSON text, whose every rule was checked there: nobody else has them. */
const fromText = new WeakSet<object>();

function isFromText(input: unknown): input is JsonValue {
  return typeof input === "object" && input !== null && fromText.has(input);
}

/** Notes that the value, or one in it, came as JSON text, so that it is not copied to be ours. */
export function notedFromText<T extends JsonValue | undefined>(value: T): T {
  if (typeof value === "object" && value !== null) fromText.add(value);
  return value;
}

function copied(input: unknown, depth: number): JsonValue {
  switch (typeof input) {
    case "string":
      return wellFormed(input);
    case "number":
      return finiteNumber(input);
    case "boolean":
      return input;
    case "object":
      break;
    default:
      throw new BucketsError("BAD_REQUEST", `A value of type ${typeof input} is not JSON.`);
  }
  if (input === null) return null;
  if (input instanceof Date && !Number.isNaN(input.getTime())) return input.toISOString();
  if (depth >= limits.jsonDepthMax) throw tooDeep();
  // By a copy, in which what is missing is undefined: a third of the time of `Array.from`.
  if (Array.isArray(input)) return [...input].map((item) => copied(item, depth + 1));
  if (!isPlainObject(input)) {
    throw new BucketsError(
      "BAD_REQUEST",
      "An instance of a class is not JSON: pass plain objects.",
    );
  }
  const members = Object.entries(input);
  if (members.length > limits.anyObjectKeysMax) throw tooManyKeys();
  const kept: [string, JsonValue][] = [];
  for (const [key, value] of members) {
    if (value !== undefined) kept.push([wellFormed(key), copied(value, depth + 1)]);
  }
  return Object.fromEntries(kept);
}

/** Its prototype is none, or the root of a realm: not an instance of a class. */
function isPlainObject(input: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(input);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The number as JSON text keeps it, where minus zero is zero. */
export function finiteNumber(value: number): number {
  if (!Number.isFinite(value)) {
    throw new BucketsError("BAD_REQUEST", "A number is out of range: send it as a string.");
  }
  return value === 0 ? 0 : value;
}

export function wellFormed(text: string): string {
  if (text.isWellFormed()) return text;
  throw new BucketsError("BAD_REQUEST", "A string contains a lone surrogate: it is not Unicode.");
}

export function tooDeep(): BucketsError {
  return invalidAt(
    ["body"],
    "too_deep",
    `Nest at most ${limits.jsonDepthMax} levels of arrays and objects.`,
  );
}

export function tooManyKeys(): BucketsError {
  return invalidAt(
    ["body"],
    "too_many_keys",
    `An object has more than ${limits.anyObjectKeysMax} keys: send fewer.`,
  );
}

export function tooManyValues(): BucketsError {
  return invalidAt(
    ["body"],
    "too_many_values",
    `There are more than ${limits.valuesMax} items of arrays and members of objects: send fewer, or a blob.`,
  );
}
