/**
 * The order of a list: one pure comparator over places, whatever engine sorts. The value of a field
 * becomes a key, a text whose order by code points (that of UTF-8 bytes) is the order of values, so
 * that SQLite sorts by it as well and a cursor can carry it.
 */
import type { JsonValue } from "../json.js";
import { limits } from "../limits.js";
import type { Pointer } from "../pointer.js";
import { compareText, foldingOf } from "./text.js";

export interface Sort {
  readonly path: Pointer;
  readonly direction: "asc" | "desc";
  readonly caseSensitive: boolean;
}

/** Where a resource stands in a list. */
export interface ListPosition {
  /** Of the field that is sorted by; undefined when it is missing or null, or there is no sort. */
  readonly sortKey?: string | undefined;
  readonly createdAt: string;
  readonly id: string;
}

/**
 * By the key, then newest first, then by id. What has no key comes last in either direction:
 * somebody who sorts by a field asks for those that have it.
 */
export function comparePositions(
  a: ListPosition,
  b: ListPosition,
  direction: Sort["direction"] = "asc",
): number {
  return (
    compareKeys(a.sortKey, b.sortKey, direction) ||
    compareText(b.createdAt, a.createdAt) ||
    compareText(a.id, b.id)
  );
}

function compareKeys(a: string | undefined, b: string | undefined, direction: Sort["direction"]) {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return direction === "asc" ? compareText(a, b) : compareText(b, a);
}

/**
 * Booleans, then numbers, then strings, then arrays and objects, which are all alike. Of a string
 * only so much is compared as a cursor can carry.
 */
export function sortKeyOf(
  value: JsonValue | undefined,
  caseSensitive: boolean,
): string | undefined {
  switch (typeof value) {
    case "undefined":
      return undefined;
    case "boolean":
      return value ? "1" : "0";
    case "number":
      return `2${orderedNumber(value)}`;
    case "string":
      return `3${cut(foldingOf(caseSensitive)(value))}`;
    case "object":
      return value === null ? undefined : "4";
  }
}

const doubleBytes = 8;
const bits = new DataView(new ArrayBuffer(doubleBytes));
const allBits = 0xffff_ffff_ffff_ffffn;
const signBit = 0x8000_0000_0000_0000n;

/** The bits of a double as hex digits that are in the order of the numbers. */
function orderedNumber(value: number): string {
  // Adding 0 makes -0 the 0 that it equals.
  bits.setFloat64(0, value + 0);
  const raw = bits.getBigUint64(0);
  const ordered = raw >= signBit ? raw ^ allBits : raw | signBit;
  return ordered.toString(16).padStart(2 * doubleBytes, "0");
}

function cut(text: string): string {
  if (text.length <= limits.sortKeyLengthMax) return text;
  const start = text.slice(0, limits.sortKeyLengthMax);
  return start.isWellFormed() ? start : start.slice(0, -1);
}
