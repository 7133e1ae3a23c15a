/**
 * Blame: which event last set each leaf of a document. A leaf is a scalar, an array, or an empty
 * object; the view keeps the leaves in the write transaction, so that asking folds nothing.
 */
import { z } from "zod";
import { isJsonObject, type JsonObject, type JsonValue, jsonEqual, ownValue } from "./json.js";
import { escapeToken, isWithin, type Pointer, parsePointer, valueAt } from "./pointer.js";
import { answeredTime } from "./schemas.js";

const BlameEntry = z.object({
  version: z.number().int(),
  position: z.number().int(),
  recorded_at: answeredTime,
  /** Empty for an event that does not tell it in a form that can be read. */
  actor: z.string(),
  reason: z.string().optional(),
});
export type BlameEntry = Readonly<z.infer<typeof BlameEntry>>;

/** By JSON Pointer. */
export const BlameResponse = z.record(z.string(), BlameEntry);
export type BlameResponse = Readonly<Record<string, BlameEntry>>;

/**
 * Whether a leaf is what is asked about: it lies at the path or below it, or is the array that holds
 * what the path names, because an array is blamed as a whole.
 */
export function isAskedAbout(leaf: string, path: Pointer, document: JsonObject): boolean {
  const pointer = parsePointer(leaf) ?? [];
  if (isWithin(pointer, path)) return true;
  return isWithin(path, pointer) && valueAt(document, path) !== undefined;
}

/**
 * The position of the event that last set each leaf of a document, in the form of the document: a
 * number is for all that is at its place and below it, so that the commonest blame is one number. The
 * same leaves and positions are always the same tree, with its keys in order.
 */
export type Blame = number | { readonly [key: string]: Blame };

export const blameSchema = z.custom<Blame>(
  (value) => typeof value === "number" || isJsonObject(value),
);

/** Who is to blame once the event at the position has turned one value into the other. */
export function blameAfter(
  blame: Blame | undefined,
  before: JsonValue | undefined,
  after: JsonValue,
  position: number,
): Blame {
  if (blame === undefined || before === undefined) return position;
  // Parts that an event did not touch are shared between the documents around it.
  if (before === after) return blame;
  if (!isBranch(before) || !isBranch(after)) return jsonEqual(before, after) ? blame : position;
  const keys = Object.keys(after).sort();
  const parts = keys.map((key) =>
    blameAfter(partOf(blame, key), ownValue(before, key), after[key] ?? null, position),
  );
  const [first = position] = parts;
  if (typeof first === "number" && parts.every((part) => part === first)) return first;
  return Object.fromEntries(keys.map((key, index) => [key, parts[index] ?? position]));
}

/** The position of each leaf of the document, by JSON Pointer and in the order of the pointers. */
export function blamedLeaves(blame: Blame, document: JsonObject): readonly [string, number][] {
  const leaves = Object.entries(document).flatMap(([key, value]) =>
    leavesOf(partOf(blame, key), value, `/${escapeToken(key)}`),
  );
  return leaves.sort(([a], [b]) => (a < b ? -1 : 1));
}

function leavesOf(blame: Blame | undefined, value: JsonValue, path: string): [string, number][] {
  if (isBranch(value)) {
    return Object.entries(value).flatMap(([key, member]) =>
      leavesOf(partOf(blame, key), member, `${path}/${escapeToken(key)}`),
    );
  }
  return typeof blame === "number" ? [[path, blame]] : [];
}

function partOf(blame: Blame | undefined, key: string): Blame | undefined {
  if (typeof blame !== "object") return blame;
  return Object.hasOwn(blame, key) ? blame[key] : undefined;
}

/** What has leaves below it, and is none itself. */
function isBranch(value: JsonValue): value is JsonObject {
  return isJsonObject(value) && Object.keys(value).length > 0;
}
