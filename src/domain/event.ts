/** Recorded events: a decided fact with its place in the log and who caused it. */
import { z } from "zod";
import { BatchEvent } from "./batch/events.js";
import { BucketEvent } from "./bucket/events.js";
import { ConnectionEvent } from "./connection/events.js";
import { DeliveryEvent } from "./delivery/events.js";
import { LogEvent } from "./log/events.js";
import { NamespaceEvent } from "./namespace/events.js";
import { ObjectEvent } from "./object/events.js";
import { SyncEvent } from "./sync/events.js";
import { TokenEvent } from "./token/events.js";
import { UploadEvent } from "./upload/events.js";

/** Who caused an event, why, and by which request (CONTRACT: writing with care). */
export const EventMeta = z.object({
  actor: z.string(),
  /** The name of the access token, which may speak for an actor of another name. */
  token: z.string().optional(),
  reason: z.string().optional(),
  request_id: z.string(),
  idempotency_key: z.string().optional(),
  user_agent: z.string().optional(),
  remote_address: z.string().optional(),
  /** Of the caller's trace (W3C Trace Context), so that an event is found from there. */
  trace_id: z.string().optional(),
});
export type EventMeta = Readonly<z.infer<typeof EventMeta>>;

/** Every event of the log; the union grows with the resources. */
export const DomainEvent = z.discriminatedUnion("type", [
  ...BucketEvent.options,
  ...ObjectEvent.options,
  ...BatchEvent.options,
  ...UploadEvent.options,
  ...DeliveryEvent.options,
  ...SyncEvent.options,
  ...ConnectionEvent.options,
  ...NamespaceEvent.options,
  ...LogEvent.options,
  ...TokenEvent.options,
]);
export type DomainEvent = Readonly<z.infer<typeof DomainEvent>>;

/** The version of the shapes above; an upcaster brings older ones up to it on read. */
export const schemaVersion = 1;

export interface RecordedEvent<Event = DomainEvent> {
  /** 1-based gapless ordinal in the whole log, in commit order. */
  readonly position: number;
  /** The id of the resource whose event this is. */
  readonly stream: string;
  /** 1-based gapless ordinal in the stream. */
  readonly version: number;
  readonly namespace: string;
  readonly bucketId: string;
  readonly eventId: string;
  readonly transactionId: string | undefined;
  /** Milliseconds since the epoch, UTC; never runs backwards along the log. */
  readonly recordedAt: number;
  readonly meta: EventMeta;
  readonly event: Event;
}

/** What was written last: all that is recorded together is recorded at one time. */
let lastTime = { milliseconds: 0, text: new Date(0).toISOString() };

export function formatTime(milliseconds: number): string {
  if (milliseconds !== lastTime.milliseconds) {
    lastTime = { milliseconds, text: new Date(milliseconds).toISOString() };
  }
  return lastTime.text;
}
