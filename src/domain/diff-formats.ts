/** A difference between two documents in the three forms that it is answered in (CONTRACT: history). */

import type { Change } from "./change.js";
import { applyChanges } from "./changes.js";
import { BucketsError } from "./errors.js";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.js";

export const diffFormats = ["json-patch", "merge-patch", "fields"] as const;
export type DiffFormat = (typeof diffFormats)[number];

/** @throws VALIDATION_FAILED for a merge patch that would have to set something to null. */
export function formatDiff(changes: readonly Change[], format: DiffFormat): JsonValue {
  switch (format) {
    case "json-patch":
      return changes.map(toOperation);
    case "merge-patch":
      return toMergePatch(changes);
    case "fields":
      return changes.map(toField);
  }
}

function toOperation(change: Change): JsonObject {
  const { op, path } = change;
  return change.op === "remove" ? { op, path } : { op, path, value: change.value };
}

function toField(change: Change): JsonObject {
  switch (change.op) {
    case "add":
      return { path: change.path, value: change.value };
    case "remove":
      return { path: change.path, was: change.was };
    case "replace":
      return { path: change.path, was: change.was, value: change.value };
  }
}

/** RFC 7396 says null for removal, so it cannot say that something is set to null. */
function toMergePatch(changes: readonly Change[]): JsonObject {
  return applyChanges({}, changes.map(toAssignment));
}

function toAssignment(change: Change): Change {
  const { path } = change;
  if (change.op === "remove") return { op: "add", path, value: null };
  if (!holdsNull(change.value)) return { op: "add", path, value: change.value };
  throw new BucketsError(
    "VALIDATION_FAILED",
    `A merge patch cannot set ${path} to null or to an object that holds null: ask for format=json-patch.`,
    { path },
  );
}

/** True for null, and for an object with a null that is not inside an array. */
function holdsNull(value: JsonValue): boolean {
  if (value === null) return true;
  return isJsonObject(value) && Object.values(value).some(holdsNull);
}
