/**
 * Blame: which event last set each leaf of a document. A leaf is a scalar, an array, or an empty
 * object; the view keeps the leaves in the write transaction, so that asking folds nothing.
 */
import { z } from "zod";
import { isJsonObject, type JsonObject, type JsonValue, jsonEqual } from "./json.js";
import { escapeToken } from "./pointer.js";
import { answeredTime } from "./schemas.js";

const BlameEntry = z.object({
  version: z.number().int(),
  position: z.number().int(),
  recorded_at: answeredTime,
  actor: z.string(),
  reason: z.string().optional(),
});
export type BlameEntry = Readonly<z.infer<typeof BlameEntry>>;

/** By JSON Pointer. */
export const BlameResponse = z.record(z.string(), BlameEntry);
export type BlameResponse = Readonly<Record<string, BlameEntry>>;

export interface BlameMoves {
  /** Leaves that are no longer there. */
  readonly cleared: readonly string[];
  /** Leaves that are new or have another value. */
  readonly set: readonly string[];
}

/** What an event that turned `before` into `after` is to blame for. */
export function blameMoves(before: JsonObject, after: JsonObject): BlameMoves {
  const cleared: string[] = [];
  const set: string[] = [];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    // Parts that an event did not touch are shared between the documents around it.
    if (before[key] === after[key]) continue;
    const path = `/${escapeToken(key)}`;
    const old = Object.hasOwn(before, key) ? leavesOf(before[key], path) : new Map();
    const now = Object.hasOwn(after, key) ? leavesOf(after[key], path) : new Map();
    for (const pointer of old.keys()) if (!now.has(pointer)) cleared.push(pointer);
    for (const [pointer, value] of now) {
      if (!old.has(pointer) || !jsonEqual(old.get(pointer), value)) set.push(pointer);
    }
  }
  return { cleared, set };
}

function leavesOf(value: JsonValue | undefined, path: string): Map<string, JsonValue> {
  const leaves = new Map<string, JsonValue>();
  if (value !== undefined) collect(value, path, leaves);
  return leaves;
}

function collect(value: JsonValue, path: string, leaves: Map<string, JsonValue>): void {
  const members = isJsonObject(value) ? Object.entries(value) : [];
  if (members.length === 0) leaves.set(path, value);
  for (const [key, member] of members) collect(member, `${path}/${escapeToken(key)}`, leaves);
}
