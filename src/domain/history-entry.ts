/** Making entries of history from events: apart from what an entry is, which clients need alone. */
import { formatTime, type RecordedEvent } from "./event.js";
import type { HistoryEntry } from "./history.js";
import { kindNamed, kindOfStream, shownChanges } from "./resource.js";

/** The event as an entry; secrets in its changes are masked. */
export function toHistoryEntry(
  recorded: RecordedEvent,
  hashes: { readonly previousHash: string; readonly hash: string },
): HistoryEntry {
  const { meta, event } = recorded;
  return {
    event_id: recorded.eventId,
    bucket_id: recorded.bucketId,
    ...ownId(recorded),
    version: recorded.version,
    position: recorded.position,
    type: event.type,
    recorded_at: formatTime(recorded.recordedAt),
    actor: meta.actor,
    ...(meta.token !== undefined && { acting_token: meta.token }),
    ...(meta.reason !== undefined && { reason: meta.reason }),
    request_id: meta.request_id,
    ...(meta.idempotency_key !== undefined && { idempotency_key: meta.idempotency_key }),
    ...(recorded.transactionId !== undefined && { transaction_id: recorded.transactionId }),
    ...("revert_of" in event.data && { revert_of: event.data.revert_of }),
    ...("media_type" in event.data && { media_type: event.data.media_type }),
    ...("source_handling" in event.data &&
      event.data.source_handling !== undefined && { source_handling: event.data.source_handling }),
    ...(event.type === "bucket.locked" &&
      event.data.expires_at !== undefined && { expires_at: event.data.expires_at }),
    ...(event.type === "bucket.created" &&
      event.data.unique_key !== undefined && { unique_key: event.data.unique_key }),
    changes: [...shownChanges(event)],
    previous_hash: hashes.previousHash,
    hash: hashes.hash,
  };
}

/** Which resource it is about when that is not the bucket itself. */
function ownId({ stream }: RecordedEvent): Readonly<Record<string, string>> {
  const kind = kindOfStream(stream);
  return kind === undefined || kind === "bucket" ? {} : { [kindNamed(kind).table.id]: stream };
}
