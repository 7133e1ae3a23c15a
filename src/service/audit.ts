/** The audit log of one namespace: its events by filters, in the shape of the hosted API. */
import { z } from "zod";
import { type AuditEvent, auditedTypes, toAuditEvent } from "../domain/audit.js";
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { parseQuery, timestamp } from "../domain/schemas.js";
import type { EventStore } from "../eventstore/store.js";
import type { Audit, AuditLogResponse, AuditQuery } from "./interface.js";

const AuditRequest = z.object({
  resourceType: z.string().optional(),
  resourceId: z.string().optional(),
  actorId: z.string().optional(),
  action: z.string().optional(),
  start: timestamp.optional(),
  end: timestamp.optional(),
  skip: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.historyPageSizeDefault),
});

export class AuditService implements Audit {
  readonly #events: EventStore;
  readonly #namespace: string;

  constructor(events: EventStore, namespace: string) {
    this.#events = events;
    this.#namespace = namespace;
  }

  async list(query: AuditQuery = {}): Promise<AuditLogResponse> {
    const { skip, limit, start, end, ...wanted } = parseQuery(AuditRequest, query);
    const isAnyType = wanted.resourceType === undefined && wanted.action === undefined;
    const { events, total } = await this.#events.find(
      {
        namespace: this.#namespace,
        stream: wanted.resourceId,
        actor: wanted.actorId,
        types: isAnyType ? undefined : auditedTypes(wanted),
        from: start === undefined ? undefined : Date.parse(start),
        to: end === undefined ? undefined : Date.parse(end),
      },
      { skip, limit },
    );
    return { results: events.map(toAuditEvent), total, skip, limit };
  }

  async get(auditId: string): Promise<AuditEvent> {
    const filter = { namespace: this.#namespace, eventId: auditId };
    const { events } = await this.#events.find(filter, { skip: 0, limit: 1 });
    const [recorded] = events;
    if (recorded !== undefined) return toAuditEvent(recorded);
    throw new BucketsError(
      "NOT_FOUND",
      `There is no audit event "${auditId}" in the namespace "${this.#namespace}".`,
      { resource: "audit_event", identifier: auditId },
    );
  }
}
