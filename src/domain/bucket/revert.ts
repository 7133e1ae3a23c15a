/**
 * Putting things back: the document of an earlier version, some of its fields, or what it was
 * without one event. Always something new that happens, never a change of what did; and never an
 * old secret (CONTRACT: source adapters): the current one stays.
 */
import { z } from "zod";
import { applyChanges, type Change } from "../changes.js";
import { BucketsError, invalidAt } from "../errors.js";
import { isJsonObject, type JsonObject } from "../json.js";
import { formatPointer, type Pointer, parsePointer, valueAt } from "../pointer.js";
import { orAbsent } from "../schemas.js";
import { isPatchablePointer } from "./document.js";
import type { BucketEvent } from "./events.js";
import { keepWebhookSecret } from "./patch.js";
import { mapSecrets } from "./secrets.js";

const version = z.number().int().min(1);

export const RevertBucketRequest = z
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

export const RestoreBucketRequest = z.object({ bucket_name: z.string().nullish() });

/** The current document with the earlier one, or with some fields of it, put back. */
export function revertedDocument(
  current: JsonObject,
  earlier: JsonObject,
  fields: readonly string[] | undefined,
): JsonObject {
  const reverted =
    fields === undefined
      ? earlier
      : fields.reduce((document, field) => putBack(document, earlier, parseField(field)), current);
  return keepCurrentSecrets(reverted, current);
}

/** @throws VALIDATION_FAILED for what is no pointer to a field of the patchable document. */
function parseField(field: string): Pointer {
  const pointer = parsePointer(field);
  if (pointer !== undefined && pointer.length > 0 && isPatchablePointer(pointer)) return pointer;
  throw invalidAt(
    ["body", "fields"],
    "not_patchable",
    `"${field}" names no field of the document: send JSON Pointers such as /metadata/team.`,
  );
}

function putBack(document: JsonObject, earlier: JsonObject, pointer: Pointer): JsonObject {
  assertObjectsAbove(document, pointer);
  const path = formatPointer(pointer);
  const value = valueAt(earlier, pointer);
  const was = valueAt(document, pointer);
  if (value !== undefined) return applyChanges(document, [{ op: "add", path, value }]);
  return was === undefined ? document : applyChanges(document, [{ op: "remove", path, was }]);
}

/** Objects on the way are made where they are missing; an array is a unit and is not entered. */
function assertObjectsAbove(document: JsonObject, pointer: Pointer): void {
  for (let length = 1; length < pointer.length; length += 1) {
    const above = pointer.slice(0, length);
    const value = valueAt(document, above);
    if (value === undefined || isJsonObject(value)) continue;
    throw invalidAt(
      ["body", "fields"],
      "not_an_object",
      `${formatPointer(above)} is no object now: revert it as a whole.`,
    );
  }
}

/** @throws BAD_REQUEST for an event that did nothing to a document that was there before. */
export function undoableChanges(event: BucketEvent, version: number): readonly Change[] {
  switch (event.type) {
    case "bucket.patched":
    case "bucket.reverted":
    case "bucket.undone":
    case "bucket.restored":
      return event.data.changes;
    default:
      throw new BucketsError(
        "BAD_REQUEST",
        `Version ${version} is ${event.type}: only changes of the document can be undone.`,
      );
  }
}

/**
 * The current document without what an event did to it.
 *
 * @param laterPaths what later events changed.
 * @throws CONFLICT naming the paths of the event that later ones touched.
 */
export function undoneDocument(
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
    throw new BucketsError(
      "CONFLICT",
      `Later events changed ${touched.join(", ")}: revert those fields to a version instead.`,
      { paths: touched },
    );
  }
  return keepCurrentSecrets(applyChanges(current, changes.toReversed().map(inverse)), current);
}

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

/**
 * Secrets stay as they are now; one that is no longer stored becomes null. The webhook secret stays
 * as long as there is an adapter, also where the earlier document had none.
 */
function keepCurrentSecrets(document: JsonObject, current: JsonObject): JsonObject {
  const kept = mapSecrets(document, [], (_, pointer) => valueAt(current, pointer) ?? null);
  return isJsonObject(kept) ? keepWebhookSecret(current, kept) : document;
}
