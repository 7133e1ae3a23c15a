/** The fields of a resource by their dotted names, as filters and sorts name them. */
import { type Pointer, parsePointer } from "../pointer.js";

/** The root fields that a list of some resource knows. */
export interface FieldCatalog {
  readonly names: readonly string[];
  /** Those that hold a time: what they are compared with is a time as well. */
  readonly times: readonly string[];
  /** True when a resource can have fields at its root beside these. */
  readonly isOpen?: boolean;
}

/**
 * The place that a field names: `metadata.team`, or a JSON Pointer such as `/metadata/a.b` for keys
 * with a dot. An item of an array is named by its index. Nothing is looked up by it but own
 * properties, so that every key is inert.
 */
export function parseField(field: string): Pointer | undefined {
  return field.startsWith("/") ? parsePointer(field) : field.split(".");
}

const comparedLengthMax = 64;
const distanceMax = 3;

/** ` Did you mean "x"?` when one of the names is close to what was written, else nothing. */
export function didYouMean(written: string, names: readonly string[]): string {
  if (written.length > comparedLengthMax) return "";
  const [best] = names
    .map((name) => ({ name, distance: editDistance(written.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.min(distanceMax, name.length / 2))
    .sort((a, b) => a.distance - b.distance);
  return best === undefined ? "" : ` Did you mean "${best.name}"?`;
}

/** The number of letters to insert, drop or replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
