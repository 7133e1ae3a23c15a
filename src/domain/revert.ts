/**
 * Putting a document back to what it was: in whole, in some fields, or without one event. Always
 * something new that happens, never a change of what did.
 */
import { z } from "zod";
import type { Change } from "./change.js";
import { applyChanges } from "./changes.js";
import { BucketsError, invalidAt } from "./errors.js";
import { isJsonObject, type JsonObject, ownValue } from "./json.js";
import { formatPointer, type Pointer, parsePointer, valueAt } from "./pointer.js";
import { orAbsent } from "./schemas.js";

const version = z.number().int().min(1);

export const RevertRequest = z
  .object({
    to: version.nullish().transform(orAbsent),
    undo: version.nullish().transform(orAbsent),
    fields: z.array(z.string()).min(1).max(1_000).nullish().transform(orAbsent),
  })
  .refine(
    ({ to, undo }) => (to === undefined) !== (undo === undefined),
    "Send either to or undo, each a version.",
  )
  .refine(
    ({ undo, fields }) => undo === undefined || fields === undefined,
    "Send fields together with to; undo takes back a whole event.",
  );

/** The current document with the earlier one, or with some fields of it, put back. */
export function putBack(
  current: JsonObject,
  earlier: JsonObject,
  fields: readonly string[] | undefined,
  isPatchable: (pointer: Pointer) => boolean,
): JsonObject {
  if (fields === undefined) return earlier;
  const changes: Change[] = [];
  const paths = new Set<string>();
  for (const field of fields) {
    const pointer = parseField(field, isPatchable);
    const path = formatPointer(pointer);
    const [back] = pathsTo(path).filter((above) => paths.has(above));
    if (back !== undefined) {
      // It is back with what is above it, as far as there are objects on the way then.
      assertObjectsAbove(earlier, pointer, pathsTo(back).length);
      continue;
    }
    paths.add(path);
    const change = changeBack(current, earlier, pointer);
    if (change !== undefined) changes.push(change);
  }
  // What is above a field may have been named after it.
  const isLast = ({ path }: Change) =>
    pathsTo(path).every((above) => above === path || !paths.has(above));
  return applyChanges(current, changes.filter(isLast));
}

/** @throws VALIDATION_FAILED for what is no pointer to a field of the patchable document. */
function parseField(field: string, isPatchable: (pointer: Pointer) => boolean): Pointer {
  const pointer = parsePointer(field);
  if (pointer !== undefined && pointer.length > 0 && isPatchable(pointer)) return pointer;
  throw invalidAt(
    ["body", "fields"],
    "not_patchable",
    `"${field}" names no field of the document: send JSON Pointers such as /metadata/team.`,
  );
}

/** What puts one field back; undefined when it was and is not there. */
function changeBack(
  document: JsonObject,
  earlier: JsonObject,
  pointer: Pointer,
): Change | undefined {
  assertObjectsAbove(document, pointer);
  const path = formatPointer(pointer);
  const value = valueAt(earlier, pointer);
  if (value !== undefined) return { op: "add", path, value };
  const was = valueAt(document, pointer);
  return was === undefined ? undefined : { op: "remove", path, was };
}

/**
 * Objects on the way are made where they are missing; an array is a unit and is not entered.
 * @param from how many tokens lead to where it begins.
 */
function assertObjectsAbove(document: JsonObject, pointer: Pointer, from = 0): void {
  let above = valueAt(document, pointer.slice(0, from));
  for (const [level, token] of pointer.slice(from).entries()) {
    if (above === undefined) return;
    if (!isJsonObject(above)) throw noObject(pointer.slice(0, from + level));
    above = ownValue(above, token);
  }
}

function noObject(pointer: Pointer): BucketsError {
  return invalidAt(
    ["body", "fields"],
    "not_an_object",
    `${formatPointer(pointer)} is no object now: revert it as a whole.`,
  );
}

/** @throws CONFLICT when an event slipped in after the command was made; it is made again. */
export function assertReadAt(state: { readonly version: number }, version: number): void {
  if (state.version === version) return;
  throw new BucketsError("CONFLICT", "It was changed meanwhile: try again.", {
    stale: true,
    current_version: state.version,
  });
}

/**
 * The current document without what an event did to it.
 *
 * @param laterPaths what later events changed.
 * @throws CONFLICT naming the paths of the event that later ones touched.
 */
export function takeBack(
  current: JsonObject,
  changes: readonly Change[],
  laterPaths: readonly string[],
): JsonObject {
  const later = new Set(laterPaths);
  const laterOrAbove = new Set(laterPaths.flatMap(pathsTo));
  const touched = changes
    .map(({ path }) => path)
    .filter((path) => laterOrAbove.has(path) || pathsTo(path).some((above) => later.has(above)));
  if (touched.length > 0) {
    const more = touched.length - pathsNamedMax;
    const named =
      touched.slice(0, pathsNamedMax).join(", ") + (more > 0 ? ` and ${more} more` : "");
    throw new BucketsError(
      "CONFLICT",
      `Later events changed ${named}: revert those fields to a version instead.`,
      { paths: touched },
    );
  }
  return applyChanges(current, changes.toReversed().map(inverse));
}

const pathsNamedMax = 10;

/** `/a/b` is reached by `/a` and itself; changes always escape a key alike, so that text suffices. */
function pathsTo(path: string): string[] {
  const tokens = path.split("/");
  return tokens.slice(1).map((_, index) => tokens.slice(0, index + 2).join("/"));
}

function inverse(change: Change): Change {
  const { path } = change;
  switch (change.op) {
    case "add":
      return { op: "remove", path, was: change.value };
    case "remove":
      return { op: "add", path, value: change.was };
    case "replace":
      return { op: "replace", path, value: change.was, was: change.value };
  }
}
