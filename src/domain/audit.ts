/** Events in the audit shape of the hosted API (CONTRACT: audit shape): a projection, nothing more. */
import type { AuditEvent } from "./audit-event.js";
import { auditedAs } from "./audit-names.js";
import { type DomainEvent, formatTime, type RecordedEvent } from "./event.js";
import { eventTypes } from "./event-types.js";
import { shownChanges } from "./resource.js";

/** The event in the audit shape; secrets in its changes are masked. */
export function toAuditEvent(recorded: RecordedEvent): AuditEvent {
  const { event, meta } = recorded;
  const { resourceType, action } = auditedAs(event.type);
  return {
    audit_id: recorded.eventId,
    timestamp: formatTime(recorded.recordedAt),
    resource_type: resourceType,
    resource_id: recorded.stream,
    namespace_id: recorded.namespace,
    action,
    actor_id: meta.actor,
    ...(meta.token !== undefined && { acting_token: meta.token }),
    actor_type: "api_key",
    status: "success",
    changes: [...shownChanges(event)],
    ...(meta.remote_address !== undefined && { ip_address: meta.remote_address }),
    ...(meta.user_agent !== undefined && { user_agent: meta.user_agent }),
  };
}

/** The types of the events that are shown as that, none for what is not kept here. */
export function auditedTypes(wanted: {
  readonly resourceType?: string | undefined;
  readonly action?: string | undefined;
}): readonly DomainEvent["type"][] {
  return eventTypes.filter((type) => {
    const { resourceType, action } = auditedAs(type);
    return (
      (wanted.resourceType ?? resourceType) === resourceType && (wanted.action ?? action) === action
    );
  });
}
