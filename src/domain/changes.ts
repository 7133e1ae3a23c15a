/**
 * Changes: the difference between two documents, with the values that were replaced. Objects are
 * compared recursively, arrays as a unit (CONTRACT: history and time).
 */
import type { Change } from "./change.js";
import { invalidAt, withDetails } from "./errors.js";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  jsonEqual,
  type Member,
  ownValue,
  withMembers,
} from "./json.js";
import { limits } from "./limits.js";
import { escapeToken, type Pointer, parsePointer } from "./pointer.js";

/** What turns `before` into `after`, in the order of the keys; empty when they are equal. */
export function diff(before: JsonObject, after: JsonObject): Change[] {
  const changes: Change[] = [];
  collect(before, after, "", changes);
  return changes;
}

function collect(before: JsonObject, after: JsonObject, path: string, changes: Change[]): void {
  for (const [key, was] of Object.entries(before)) {
    const value = ownValue(after, key);
    // Parts that nothing touched are shared between the documents.
    if (value === was) continue;
    const at = `${path}/${escapeToken(key)}`;
    if (value === undefined) changes.push({ op: "remove", path: at, was });
    else if (isJsonObject(was) && isJsonObject(value)) collect(was, value, at, changes);
    else if (!jsonEqual(was, value)) changes.push({ op: "replace", path: at, value, was });
  }
  for (const [key, value] of Object.entries(after)) {
    if (Object.hasOwn(before, key)) continue;
    changes.push({ op: "add", path: `${path}/${escapeToken(key)}`, value });
  }
}

/**
 * Of a document that is there: whoever takes a change back, or looks where two collide, works on each.
 * @throws VALIDATION_FAILED
 */
export function assertFewChanges({ length }: readonly Change[]): void {
  if (length <= limits.changesMax) return;
  const message = `This sets or removes ${length} fields; one write may change ${limits.changesMax}: send it in parts.`;
  throw withDetails(invalidAt(["body"], "too_many_changes", message), {
    limit_changes: limits.changesMax,
    actual_changes: length,
  });
}

/** The document after the changes; unchanged parts are shared with the document before. */
export function applyChanges(document: JsonObject, changes: readonly Change[]): JsonObject {
  const assignments = changes.map((change) => ({
    pointer: parsePointer(change.path) ?? [],
    value: change.op === "remove" ? undefined : change.value,
  }));
  return assign(document, assignments, 0);
}

interface Assignment {
  readonly pointer: Pointer;
  /** Undefined removes. */
  readonly value: JsonValue | undefined;
}

/** All of one object together, because a patch may make very many. */
function assign(object: JsonObject, assignments: readonly Assignment[], level: number): JsonObject {
  const here: Member[] = [];
  const below = new Map<string, Assignment[]>();
  for (const assignment of assignments) {
    const { pointer, value } = assignment;
    const key = pointer[level] ?? "";
    if (pointer.length <= level + 1) {
      here.push([key, value]);
      continue;
    }
    const deeper = below.get(key);
    if (deeper === undefined) below.set(key, [assignment]);
    else deeper.push(assignment);
  }
  const assigned = withMembers(object, here);
  const nested = [...below].map(([key, deeper]): Member => {
    const child = ownValue(assigned, key);
    return [key, assign(isJsonObject(child) ? child : {}, deeper, level + 1)];
  });
  return withMembers(assigned, nested);
}
