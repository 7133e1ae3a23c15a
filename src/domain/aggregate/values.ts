/** The order of values in an answer, in whole: nothing is cut as it is in the key of a cursor. */

import { compareText } from "../filter/text.js";
import type { JsonValue } from "../json.js";

/** Booleans, numbers, strings by code points, then arrays and objects, which are all alike. */
export function compareValues(a: JsonValue, b: JsonValue): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  return rankOf(a) - rankOf(b);
}

/** In the direction that is asked for; null comes last in either, as what is missing in a list. */
export function compareNullable(
  a: JsonValue,
  b: JsonValue,
  direction: "asc" | "desc" = "asc",
): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return direction === "asc" ? compareValues(a, b) : compareValues(b, a);
}

function rankOf(value: JsonValue): number {
  switch (typeof value) {
    case "boolean":
      return 0;
    case "number":
      return 1;
    case "string":
      return 2;
    case "object":
      return 3;
  }
}
