/** The state of an object: the fold of its events, as it is kept in the view and in snapshots. */
import { z } from "zod";
import type { Change } from "../change.js";
import { applyChanges } from "../changes.js";
import { invariant } from "../errors.js";
import { formatTime, type RecordedEvent } from "../event.js";
import { jsonObject } from "../schemas.js";
import { type ObjectEvent, ObjectSource } from "./events.js";

/** An object is a draft until a batch takes it; more follows with the batches. */
export const ObjectStatus = z.enum(["DRAFT"]);

export const ObjectState = z.object({
  kind: z.literal("object"),
  object_id: z.string(),
  bucket_id: z.string(),
  namespace: z.string(),
  version: z.number(),
  position: z.number(),
  /** The patchable document: `key_prefix`, `metadata`, `blobs` and the user's fields. */
  document: jsonObject,
  /** The text that is reserved (`keys.ts`). */
  unique_key_value: z.string().optional(),
  source: ObjectSource.optional(),
  status: ObjectStatus,
  created_at: z.string(),
  updated_at: z.string(),
  /** There once the object was deleted; its history goes on. */
  deleted: z.object({ deleted_at: z.string() }).optional(),
});
export type ObjectState = Readonly<z.infer<typeof ObjectState>>;

type RecordedObjectEvent = Omit<RecordedEvent, "event"> & { readonly event: ObjectEvent };

/** The state after the event. Pure, and the only way that the state of an object is ever made. */
export function evolveObject(
  state: ObjectState | undefined,
  recorded: RecordedObjectEvent,
): ObjectState {
  const { event } = recorded;
  if (state === undefined) return begin(recorded, event);
  const placed = { ...state, version: recorded.version, position: recorded.position };
  switch (event.type) {
    case "object.created":
      throw new Error(`invariant broken: ${recorded.stream} was created twice`);
    case "object.patched":
    case "object.reverted":
    case "object.undone": {
      const { changes, unique_key_value, source } = event.data;
      return {
        ...withChanges(placed, changes, recorded.recordedAt),
        ...(unique_key_value !== undefined && { unique_key_value }),
        ...(source !== undefined && { source }),
      };
    }
    case "object.restored": {
      const { deleted: _, ...restored } = placed;
      return withChanges(restored, event.data.changes, recorded.recordedAt);
    }
    case "object.deleted":
      return { ...placed, deleted: { deleted_at: formatTime(recorded.recordedAt) } };
  }
}

/** `updated_at` moves when, and only when, the document changed. */
function withChanges(state: ObjectState, changes: readonly Change[], at: number): ObjectState {
  if (changes.length === 0) return state;
  return {
    ...state,
    document: applyChanges(state.document, changes),
    updated_at: formatTime(at),
  };
}

function begin(recorded: RecordedObjectEvent, event: ObjectEvent): ObjectState {
  invariant(event.type === "object.created", `${recorded.stream} does not begin with its creation`);
  const { changes, unique_key_value, source } = event.data;
  const at = formatTime(recorded.recordedAt);
  return {
    kind: "object",
    object_id: recorded.stream,
    bucket_id: recorded.bucketId,
    namespace: recorded.namespace,
    version: recorded.version,
    position: recorded.position,
    document: applyChanges({}, changes),
    ...(unique_key_value !== undefined && { unique_key_value }),
    ...(source !== undefined && { source }),
    status: "DRAFT",
    created_at: at,
    updated_at: at,
  };
}
