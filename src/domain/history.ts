/** An event as history shows it (CONTRACT: history and time): who, what, when, why, and the proof. */
import { z } from "zod";
import { UniqueKey } from "./bucket/bucket-schema.js";
import { Change } from "./change.js";
import { BucketsError } from "./errors.js";
import { SentHandling } from "./object/events.js";
import { answeredTime } from "./schemas.js";

export const HistoryEntry = z.object({
  event_id: z.string(),
  bucket_id: z.string(),
  /** Of the event of something in the bucket. */
  object_id: z.string().optional(),
  batch_id: z.string().optional(),
  upload_id: z.string().optional(),
  delivery_id: z.string().optional(),
  sync_config_id: z.string().optional(),
  connection_id: z.string().optional(),
  namespace_id: z.string().optional(),
  version: z.number().int(),
  position: z.number().int(),
  type: z.string(),
  recorded_at: answeredTime,
  actor: z.string(),
  /** The access token that it came with, whoever it spoke for. */
  acting_token: z.string().optional(),
  reason: z.string().optional(),
  request_id: z.string(),
  idempotency_key: z.string().optional(),
  transaction_id: z.string().optional(),
  /** The version that was put back, or whose event was taken back. */
  revert_of: z.number().int().optional(),
  media_type: z.string().optional(),
  /** How an object's sources were asked to be fetched; nothing is fetched here. */
  source_handling: SentHandling.optional(),
  /** On a lock event: when the lock lapses by itself. */
  expires_at: answeredTime.optional(),
  /** On the creation of a bucket: which fields tell its objects apart, which never changes. */
  unique_key: UniqueKey.optional(),
  changes: z.array(Change),
  previous_hash: z.string(),
  hash: z.string(),
});
export type HistoryEntry = Readonly<z.infer<typeof HistoryEntry>>;

/**
 * An event of the log that its own schema does not take: what its row tells all the same, and why. A
 * log cannot be repaired, so it is passed over and named, and what is around it stays readable.
 */
export const UnreadableEvent = z.object({
  event_id: z.string(),
  stream: z.string(),
  version: z.number().int(),
  position: z.number().int(),
  type: z.string(),
  recorded_at: answeredTime,
  problem: z.string(),
});
export type UnreadableEvent = Readonly<z.infer<typeof UnreadableEvent>>;

export function isUnreadable(event: object): event is UnreadableEvent {
  return "problem" in event;
}

/** Those that can be read, and the others. */
export function parted<Event extends object>(events: readonly (Event | UnreadableEvent)[]) {
  const readable: Event[] = [];
  const unreadable: UnreadableEvent[] = [];
  for (const event of events) {
    if (isUnreadable(event)) unreadable.push(event);
    else readable.push(event);
  }
  return { readable, unreadable };
}

/** @throws GONE naming the event, when it is one that cannot be read. */
export function assertReadable<Event extends object>(
  event: Event | UnreadableEvent,
): asserts event is Event {
  if (!isUnreadable(event)) return;
  const { stream, version, position, problem } = event;
  throw new BucketsError(
    "GONE",
    `The event of version ${version} (position ${position}) cannot be read: ${problem}. Those around it can.`,
    { stream, version, position, problem },
  );
}
