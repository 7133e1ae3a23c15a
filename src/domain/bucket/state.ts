/** The state of a bucket: the fold of its events, as it is kept in the view and in snapshots. */
import { z } from "zod";
import type { Change } from "../change.js";
import { applyChanges } from "../changes.js";
import { invariant } from "../errors.js";
import { formatTime, type RecordedEvent } from "../event.js";
import { isJsonObject, type JsonObject } from "../json.js";
import { jsonObject } from "../schemas.js";
import { UniqueKey } from "./bucket-schema.js";
import { type BucketEvent, RetiredSecret } from "./events.js";

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
  /**
   * Webhook secrets that were replaced and may still be taken, the newest first. No part of the
   * document, so that nothing which puts documents back brings one back.
   */
  retired_secrets: z.array(RetiredSecret).optional(),
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
  return withoutOldSecrets(state, evolved(state, recorded), recorded);
}

/**
 * A secret goes when its time is over, and when the one that replaced it is replaced in turn. The event of
 * a rotation says itself which are kept, by the clock that it was decided by.
 */
function withoutOldSecrets(
  before: BucketState | undefined,
  after: BucketState,
  { event, recordedAt }: RecordedBucketEvent,
): BucketState {
  const { retired_secrets: retired, ...rest } = after;
  if (retired === undefined) return after;
  if (event.type === "bucket.secret_rotated") return retired.length === 0 ? rest : after;
  const isReplaced = webhookSecretOf(before?.document) !== webhookSecretOf(after.document);
  const kept = isReplaced ? [] : retired.filter((secret) => isActive(secret, recordedAt));
  return kept.length === 0 ? rest : { ...rest, retired_secrets: kept };
}

/** @param time milliseconds. */
export function isActive({ valid_until }: RetiredSecret, time: number): boolean {
  return Date.parse(valid_until) > time;
}

/** The reference of the webhook secret in a document. */
export function webhookSecretOf(document: JsonObject | undefined): string | undefined {
  const adapter = document?.["source_adapter"];
  const secret = isJsonObject(adapter) ? adapter["webhook_secret"] : undefined;
  return typeof secret === "string" ? secret : undefined;
}

function evolved(state: BucketState | undefined, recorded: RecordedBucketEvent): BucketState {
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
    case "bucket.secret_rotated": {
      const { changes, retired } = event.data;
      const rotated = withChanges({ ...state, ...place }, changes, recorded);
      return { ...rotated, retired_secrets: retired };
    }
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
