/** An event as history shows it (CONTRACT: history and time): who, what, when, why, and the proof. */
import { z } from "zod";
import { batchChanges } from "./batch/events.js";
import { maskChanges } from "./bucket/secrets.js";
import { Change } from "./changes.js";
import { credentialsAt } from "./connection/secrets.js";
import { type DomainEvent, formatTime, type RecordedEvent } from "./event.js";
import { kindOfStream } from "./resource.js";
import { answeredTime } from "./schemas.js";
import { uploadChanges } from "./upload/events.js";

export const HistoryEntry = z.object({
  event_id: z.string(),
  bucket_id: z.string(),
  /** Of the event of something in the bucket. */
  object_id: z.string().optional(),
  batch_id: z.string().optional(),
  upload_id: z.string().optional(),
  delivery_id: z.string().optional(),
  connection_id: z.string().optional(),
  version: z.number().int(),
  position: z.number().int(),
  type: z.string(),
  recorded_at: answeredTime,
  actor: z.string(),
  reason: z.string().optional(),
  request_id: z.string(),
  idempotency_key: z.string().optional(),
  transaction_id: z.string().optional(),
  /** The version that was put back, or whose event was taken back. */
  revert_of: z.number().int().optional(),
  media_type: z.string().optional(),
  /** On a lock event: when the lock lapses by itself. */
  expires_at: answeredTime.optional(),
  changes: z.array(Change),
  previous_hash: z.string(),
  hash: z.string(),
});
export type HistoryEntry = Readonly<z.infer<typeof HistoryEntry>>;

/** The event as an entry; secrets in its changes are masked. */
export function toHistoryEntry(
  recorded: RecordedEvent,
  hashes: { readonly previousHash: string; readonly hash: string },
): HistoryEntry {
  const { meta, event } = recorded;
  return {
    event_id: recorded.eventId,
    bucket_id: recorded.bucketId,
    ...memberOf(recorded),
    version: recorded.version,
    position: recorded.position,
    type: event.type,
    recorded_at: formatTime(recorded.recordedAt),
    actor: meta.actor,
    ...(meta.reason !== undefined && { reason: meta.reason }),
    request_id: meta.request_id,
    ...(meta.idempotency_key !== undefined && { idempotency_key: meta.idempotency_key }),
    ...(recorded.transactionId !== undefined && { transaction_id: recorded.transactionId }),
    ...("revert_of" in event.data && { revert_of: event.data.revert_of }),
    ...("media_type" in event.data && { media_type: event.data.media_type }),
    ...(event.type === "bucket.locked" &&
      event.data.expires_at !== undefined && { expires_at: event.data.expires_at }),
    changes: shownChanges(recorded),
    previous_hash: hashes.previousHash,
    hash: hashes.hash,
  };
}

/** What the event did to the document of its resource. */
export function changesOf(event: DomainEvent): readonly Change[] {
  switch (event.type) {
    case "bucket.created":
    case "bucket.patched":
    case "bucket.reverted":
    case "bucket.undone":
    case "bucket.restored":
    case "bucket.secret_rotated":
    case "object.created":
    case "object.patched":
    case "object.reverted":
    case "object.undone":
    case "object.restored":
    case "connection.created":
    case "connection.patched":
    case "delivery.accepted":
    case "delivery.ignored":
    case "delivery.failed":
      return event.data.changes;
    case "bucket.locked":
    case "bucket.unlocked":
    case "bucket.archived":
    case "bucket.activated":
    case "bucket.suspended":
    case "bucket.deleted":
    case "object.deleted":
    case "connection.deleted":
      return [];
    case "batch.created":
    case "batch.objects_added":
    case "batch.patched":
    case "batch.window_closed":
    case "batch.submitted":
    case "batch.canceled":
    case "batch.claimed":
    case "batch.progressed":
    case "batch.completed":
    case "batch.failed":
    case "batch.deleted":
      return batchChanges(event);
    case "upload.created":
    case "upload.confirmed":
    case "upload.deleted":
      return uploadChanges(event);
  }
}

/** The changes as they are shown: secrets are masked, user data is not touched. */
export function shownChanges({ stream, event }: RecordedEvent): Change[] {
  const changes = changesOf(event);
  switch (kindOfStream(stream)) {
    case "bucket":
      return [...maskChanges(changes)];
    case "connection":
      return [...maskChanges(changes, credentialsAt)];
    default:
      return [...changes];
  }
}

/** Which object, batch, upload or delivery of the bucket it is about, or which connection. */
function memberOf({ stream }: RecordedEvent) {
  switch (kindOfStream(stream)) {
    case "object":
      return { object_id: stream };
    case "batch":
      return { batch_id: stream };
    case "upload":
      return { upload_id: stream };
    case "delivery":
      return { delivery_id: stream };
    case "connection":
      return { connection_id: stream };
    case "bucket":
    case undefined:
      return {};
  }
}
