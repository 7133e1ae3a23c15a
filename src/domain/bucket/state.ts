/** The state of a bucket: the fold of its events, as it is kept in the view and in snapshots. */
import { z } from "zod";
import { applyChanges, type Change } from "../changes.js";
import { invariant } from "../errors.js";
import { formatTime, type RecordedEvent } from "../event.js";
import { isJsonObject, type JsonObject } from "../json.js";
import { jsonObject } from "../schemas.js";
import { UniqueKey } from "./bucket-schema.js";
import type { BucketEvent } from "./events.js";

export const BucketLock = z.object({
  holder: z.string(),
  locked_at: z.string(),
  reason: z.string().optional(),
  expires_at: z.string().optional(),
});
export type BucketLock = Readonly<z.infer<typeof BucketLock>>;

export const BucketState = z.object({
  kind: z.literal("bucket"),
  bucket_id: z.string(),
  namespace: z.string(),
  version: z.number(),
  position: z.number(),
  /** The patchable document, with references in the place of secrets. */
  document: jsonObject,
  unique_key: UniqueKey.optional(),
  status: z.enum(["ACTIVE", "ARCHIVED", "SUSPENDED"]),
  lock: BucketLock.optional(),
  created_at: z.string(),
  updated_at: z.string(),
  /** There once the bucket was deleted; its history goes on. */
  deleted: z.object({ deleted_at: z.string(), task_id: z.string() }).optional(),
});
export type BucketState = Readonly<z.infer<typeof BucketState>>;

type RecordedBucketEvent = RecordedEvent<BucketEvent>;

/** The state after the event. Pure, and the only way that the state of a bucket is ever made. */
export function evolveBucket(
  state: BucketState | undefined,
  recorded: RecordedBucketEvent,
): BucketState {
  const { event } = recorded;
  if (state === undefined) return begin(recorded, event);
  const place = { version: recorded.version, position: recorded.position };
  switch (event.type) {
    case "bucket.created":
      throw new Error(`invariant broken: ${recorded.stream} was created twice`);
    case "bucket.restored": {
      const { deleted: _, ...restored } = state;
      return withChanges({ ...restored, ...place }, event.data.changes, recorded);
    }
    case "bucket.patched":
    case "bucket.reverted":
    case "bucket.undone":
      return withChanges({ ...state, ...place }, event.data.changes, recorded);
    case "bucket.locked":
      return {
        ...state,
        ...place,
        lock: { ...event.data, locked_at: formatTime(recorded.recordedAt) },
      };
    case "bucket.unlocked": {
      const { lock: _, ...unlocked } = state;
      return { ...unlocked, ...place };
    }
    case "bucket.archived":
      return { ...state, ...place, status: "ARCHIVED" };
    case "bucket.activated":
      return { ...state, ...place, status: "ACTIVE" };
    case "bucket.suspended":
      return { ...state, ...place, status: "SUSPENDED" };
    case "bucket.deleted": {
      const deleted = { deleted_at: formatTime(recorded.recordedAt), task_id: event.data.task_id };
      return { ...state, ...place, deleted };
    }
  }
}

/** `updated_at` moves when, and only when, the document changed. */
function withChanges(
  state: BucketState,
  changes: readonly Change[],
  recorded: RecordedBucketEvent,
): BucketState {
  if (changes.length === 0) return state;
  return {
    ...state,
    document: applyChanges(state.document, changes),
    updated_at: formatTime(recorded.recordedAt),
  };
}

function begin(recorded: RecordedBucketEvent, event: BucketEvent): BucketState {
  invariant(event.type === "bucket.created", `${recorded.stream} does not begin with its creation`);
  const at = formatTime(recorded.recordedAt);
  return {
    kind: "bucket",
    bucket_id: recorded.stream,
    namespace: recorded.namespace,
    version: recorded.version,
    position: recorded.position,
    document: applyChanges({}, event.data.changes),
    ...(event.data.unique_key && { unique_key: event.data.unique_key }),
    status: "ACTIVE",
    created_at: at,
    updated_at: at,
  };
}

export function nameOf(state: BucketState): string {
  const name = state.document["bucket_name"];
  invariant(typeof name === "string", `${state.bucket_id} has no name`);
  return name;
}

/** The bucket_schema of a document. */
export function schemaOf(document: JsonObject): JsonObject {
  const schema = document["bucket_schema"];
  invariant(isJsonObject(schema), "a bucket's document has no schema");
  return schema;
}
