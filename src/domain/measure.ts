/**
 * How large and how deep a value is, found in one walk without writing it: what work on it will cost,
 * before it is begun.
 */
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "./json.js";

export interface Measure {
  /** Levels of arrays and objects; a scalar has none. */
  readonly depth: number;
  /** About as many as the value has as JSON text. */
  readonly roughBytes: number;
  /** At least as many as it has as UTF-8 JSON text: as if each character of its texts were escaped. */
  readonly bytesAtMost: number;
  /** Items of arrays and members of objects in it, and itself. */
  readonly values: number;
}

/** What a number, a literal, or the marks around a member are taken for. */
const markBytes = 4;
/** Of one character of a text: an escape, such as that of a control character. */
const escapeBytes = 6;
/** Of a number that is no integer, with its sign, digits, point and exponent. */
const numberBytesMax = 25;
/** The longest of the literals. */
const literalBytesMax = "false".length;
/** Deeper than anything that is let in, and less deep than the stack. */
const levelsMax = 256;
/** Arrays that are as long are parts of very few values, and cost the most. */
const itemsOfLong = 1_000;

/** By the value itself, which never changes: a state, and the long arrays that a request shares with it. */
const known = new WeakMap<object, Measure>();

/** Walks the value, except for the long arrays in it that were walked before. */
export function measureOf(value: object): Measure {
  const sum = emptySum();
  walk(sum, value, 1);
  return sum;
}

/** The same of what is asked about again and again: to remember it costs more than to walk a small one. */
function rememberedMeasureOf(value: object): Measure {
  const remembered = known.get(value);
  if (remembered !== undefined) return remembered;
  const measured = measureOf(value);
  known.set(value, measured);
  return measured;
}

/** About as many bytes as a state has as JSON text. */
export function roughBytes(state: object): number {
  return rememberedMeasureOf(state).roughBytes;
}

/** The same of any value, which is not asked about again. */
export function roughBytesOf(value: JsonValue): number {
  const sum = emptySum();
  add(sum, value, 0);
  return sum.roughBytes;
}

/** What was counted so far: one for a whole walk, since very many values are small. */
interface Sum {
  depth: number;
  roughBytes: number;
  bytesAtMost: number;
  values: number;
}

/** Of a value that nothing of was counted yet but itself. */
function emptySum(): Sum {
  return { depth: 0, roughBytes: 0, bytesAtMost: 0, values: 1 };
}

/** @param level of the value; what is far too deep is not looked at. */
function walk(sum: Sum, value: object, level: number): void {
  sum.depth = Math.max(sum.depth, level);
  sum.roughBytes += markBytes;
  sum.bytesAtMost += 2;
  if (level > levelsMax) return;
  if (isJsonArray(value)) addItems(sum, value, level);
  else if (isJsonObject(value)) addMembers(sum, value, level);
}

function addItems(sum: Sum, items: readonly JsonValue[], level: number): void {
  // Very many items are numbers, which are passed over by their index alone.
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index];
    if (typeof item === "number") {
      sum.roughBytes += markBytes;
      sum.bytesAtMost += numberBytes(item);
    } else add(sum, item, level);
  }
  sum.bytesAtMost += items.length;
  sum.values += items.length;
}

function addMembers(sum: Sum, members: JsonObject, level: number): void {
  for (const key of Object.keys(members)) {
    sum.values += 1;
    sum.roughBytes += key.length + markBytes;
    sum.bytesAtMost += key.length * escapeBytes + 4;
    add(sum, members[key], level);
  }
}

function add(sum: Sum, value: JsonValue | undefined, level: number): void {
  if (typeof value === "string") {
    sum.roughBytes += value.length + markBytes;
    sum.bytesAtMost += value.length * escapeBytes + 2;
  } else if (typeof value !== "object" || value === null) {
    sum.roughBytes += markBytes;
    sum.bytesAtMost += typeof value === "number" ? numberBytes(value) : literalBytesMax;
  } else if (isLong(value)) {
    const { depth, roughBytes: rough, bytesAtMost, values } = rememberedMeasureOf(value);
    sum.depth = Math.max(sum.depth, level + depth);
    sum.roughBytes += rough;
    sum.bytesAtMost += bytesAtMost;
    // Itself was counted with what it is a member of.
    sum.values += values - 1;
  } else walk(sum, value, level + 1);
}

function isLong(value: object): boolean {
  return Array.isArray(value) && value.length >= itemsOfLong;
}

function numberBytes(value: number): number {
  if (!Number.isSafeInteger(value)) return numberBytesMax;
  let bytes = value < 0 ? 2 : 1;
  for (let rest = Math.abs(value); rest >= 10; rest /= 10) bytes += 1;
  return bytes;
}
