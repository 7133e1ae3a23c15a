/** The log in the audit shape of the hosted API (CONTRACT: audit shape): a projection, nothing more. */
import { z } from "zod";
import { maskChanges } from "./bucket/secrets.js";
import { Change } from "./changes.js";
import { DomainEvent, formatTime, type RecordedEvent } from "./event.js";
import { changesOf } from "./history.js";
import { answeredTime } from "./schemas.js";

export const AuditEvent = z.object({
  /** The id of the event, as history has it. */
  audit_id: z.string(),
  timestamp: answeredTime,
  resource_type: z.string(),
  resource_id: z.string(),
  action: z.string(),
  actor_id: z.string(),
  /** Whoever writes comes with a token. */
  actor_type: z.literal("api_key"),
  /** What was refused is no event. */
  status: z.literal("success"),
  changes: z.array(Change),
  ip_address: z.string().optional(),
  user_agent: z.string().optional(),
});
export type AuditEvent = Readonly<z.infer<typeof AuditEvent>>;

type EventType = DomainEvent["type"];

interface Audited {
  readonly resourceType: "bucket";
  readonly action: string;
}

/** The event in the audit shape; secrets in its changes are masked. */
export function toAuditEvent({ event, meta, ...recorded }: RecordedEvent): AuditEvent {
  const { resourceType, action } = auditedAs(event.type);
  return {
    audit_id: recorded.eventId,
    timestamp: formatTime(recorded.recordedAt),
    resource_type: resourceType,
    resource_id: recorded.stream,
    action,
    actor_id: meta.actor,
    actor_type: "api_key",
    status: "success",
    changes: [...maskChanges(changesOf(event))],
    ...(meta.remote_address !== undefined && { ip_address: meta.remote_address }),
    ...(meta.user_agent !== undefined && { user_agent: meta.user_agent }),
  };
}

/** The types of the events that are shown as that, none for what is not kept here. */
export function auditedTypes(wanted: {
  readonly resourceType?: string | undefined;
  readonly action?: string | undefined;
}): readonly EventType[] {
  return DomainEvent.options
    .map((option) => option.shape.type.value)
    .filter((type) => {
      const { resourceType, action } = auditedAs(type);
      return (
        (wanted.resourceType ?? resourceType) === resourceType &&
        (wanted.action ?? action) === action
      );
    });
}

function auditedAs(type: EventType): Audited {
  switch (type) {
    case "bucket.created":
      return ofBucket("bucket_created");
    case "bucket.patched":
      return ofBucket("bucket_updated");
    case "bucket.locked":
      return ofBucket("bucket_locked");
    case "bucket.unlocked":
      return ofBucket("bucket_unlocked");
    case "bucket.archived":
      return ofBucket("bucket_archived");
    case "bucket.activated":
      return ofBucket("bucket_activated");
    case "bucket.suspended":
      return ofBucket("bucket_suspended");
    case "bucket.deleted":
      return ofBucket("bucket_deleted");
    case "bucket.reverted":
      return ofBucket("bucket_reverted");
    case "bucket.undone":
      return ofBucket("bucket_undone");
    case "bucket.restored":
      return ofBucket("bucket_restored");
  }
}

function ofBucket(action: string): Audited {
  return { resourceType: "bucket", action };
}
