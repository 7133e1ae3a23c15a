/** The audit log of one namespace or of several: their events by filters, in the shape of the hosted API. */

import { z } from "zod";
import type { Audit, AuditLogResponse, ServedAuditQuery } from "../../api/index.js";
import { assertText } from "../../api/options.js";
import { assertAsked } from "../../api/questions.js";
import { auditedTypes, toAuditEvent } from "../../domain/audit.js";
import { AuditEvent } from "../../domain/audit-event.js";
import { knownAction, knownResourceType } from "../../domain/audit-names.js";
import { BucketsError } from "../../domain/errors.js";
import { formatTime, type RecordedEvent } from "../../domain/event.js";
import { assertReadable, isUnreadable, type UnreadableEvent } from "../../domain/history.js";
import { withoutAbsent } from "../../domain/json.js";
import { limits } from "../../domain/limits.js";
import type { Within } from "../../domain/namespace/within.js";
import { organizationNotFound } from "../../domain/not-found.js";
import { parsePaging, timestamp } from "../../domain/schemas.js";
import type { ReadFilter, ReadRow } from "../../eventstore/read-table.js";
import type { EventFilter, EventStore, FoundEvents, FoundPage } from "../../eventstore/store.js";
import type { ServiceParts } from "../parts.js";
import type { ReadAudit } from "../read-auditing.js";
import { cursorText, decodeCursor, encodeCursor } from "./cursor.js";

const AuditRequest = z.object({
  resourceType: z.string().transform(knownResourceType).optional(),
  resourceId: z.string().optional(),
  actorId: z.string().optional(),
  action: z.string().transform(knownAction).optional(),
  start: timestamp.optional(),
  end: timestamp.optional(),
  skip: z.number().int().min(0).default(0),
  cursor: cursorText,
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.historyPageSizeDefault),
});

/** The last event and the last read of a page, as far as there are any. */
const Place = z.object({
  position: z.number().int().exactOptional(),
  recordedAt: z.number().exactOptional(),
  sequence: z.number().int().exactOptional(),
});
type Place = z.infer<typeof Place>;

type AuditParts = Pick<ServiceParts, "events" | "readAudit">;

export class AuditService implements Audit {
  readonly #events: EventStore;
  readonly #readAudit: ReadAudit;
  readonly #within: Within;

  constructor({ events, readAudit }: AuditParts, within: Within) {
    this.#events = events;
    this.#readAudit = readAudit;
    this.#within = within;
  }

  async list({ bytesMax, ...query }: ServedAuditQuery = {}): Promise<AuditLogResponse> {
    assertAsked("audit", query);
    const { skip, limit, cursor, ...filters } = parsePaging(AuditRequest, query);
    const { start, end, ...wanted } = filters;
    if (cursor !== undefined && skip > 0) {
      throw new BucketsError("BAD_REQUEST", "A cursor says where to go on: leave skip out.");
    }
    const scope = JSON.stringify(["audit", this.#within ?? null, Object.entries(filters).sort()]);
    const isAnyType = wanted.resourceType === undefined && wanted.action === undefined;
    const keys = {
      within: this.#within,
      actor: wanted.actorId,
      from: start === undefined ? undefined : Date.parse(start),
      to: end === undefined ? undefined : Date.parse(end),
    };
    const types = isAnyType ? undefined : auditedTypes(wanted);
    const { resourceId, resourceType, action } = wanted;
    const after = cursor === undefined ? undefined : decodeCursor(scope, Place, cursor);
    const { entries, isCut, total } = await this.#newest(
      { ...keys, stream: resourceId, types },
      { ...keys, resourceId, resourceType, action },
      // One more tells whether there are more.
      { skip, limit: limit + 1, after, bytesMax },
    );
    const shown = entries.slice(0, limit);
    const unreadable = shown.flatMap(({ event }) =>
      event !== undefined && isUnreadable(event) ? [event] : [],
    );
    return {
      results: shown.flatMap(({ told }) => told ?? []),
      total,
      skip,
      limit,
      ...((entries.length > limit || isCut) && {
        next_cursor: encodeCursor(scope, placeAfter(shown, after)),
      }),
      ...(unreadable.length > 0 && { unreadable }),
    };
  }

  /** Of events and of reads, the newest first. Without any read the log alone is asked. */
  async #newest(ofEvents: EventFilter, ofReads: ReadFilter, page: EntryPage): Promise<Entries> {
    await this.#readAudit.settle();
    const readCount = await this.#readAudit.count(ofReads);
    if (readCount === 0) return await this.#ofLog(ofEvents, page);
    let { skip, after } = page;
    while (skip > 0) {
      // What is passed over is read as well, in parts.
      const part = { skip: 0, limit: skip, after, bytesMax: limits.pageBytesMax };
      const { entries } = await this.#merged(ofEvents, ofReads, part);
      if (entries.length === 0) break;
      skip -= entries.length;
      after = placeAfter(entries, after);
    }
    const found = await this.#merged(ofEvents, ofReads, { ...page, skip: 0, after });
    return { ...found, total: found.total + readCount };
  }

  async #ofLog(filter: EventFilter, { after, ...page }: EntryPage): Promise<Entries> {
    const found = await this.#events.find(filter, { ...page, before: beforeOf(after) });
    return { ...found, entries: found.events.map(entryOfEvent) };
  }

  async #merged(ofEvents: EventFilter, ofReads: ReadFilter, page: EntryPage): Promise<Entries> {
    const { entries: events, isCut, total } = await this.#ofLog(ofEvents, page);
    const rows = await this.#readAudit.find(ofReads, page.limit, page.after?.sequence);
    const entries = [...events, ...rows.map(entryOfRead)];
    // Each of the two is in order already, and the sort keeps what is equal as it is.
    entries.sort((a, b) => b.at - a.at);
    // Where the log goes on, so do the reads that are older than what was read of it.
    const last = entries.findLastIndex(({ event }) => event !== undefined);
    const end = isCut ? Math.min(last + 1, page.limit) : page.limit;
    return { entries: entries.slice(0, end), isCut, total };
  }

  async get(auditId: string): Promise<AuditEvent> {
    assertText(auditId, "audit event");
    const filter = { within: this.#within, eventId: auditId };
    const { events } = await this.#events.find(filter, { skip: 0, limit: 1 });
    const [recorded] = events;
    if (recorded !== undefined) {
      assertReadable(recorded);
      return toAuditEvent(recorded);
    }
    await this.#readAudit.settle();
    const [row] = await this.#readAudit.find({ within: this.#within, auditId }, 1);
    if (row !== undefined) return ofRead(row);
    throw organizationNotFound("audit_event", auditId, this.#within);
  }
}

/** Which entries are wanted: they end early once their events have so many bytes. */
interface EntryPage extends Pick<FoundPage, "skip" | "limit" | "bytesMax"> {
  readonly after: Place | undefined;
}

/** The newest first, and how many there are in all. */
interface Entries extends Omit<FoundEvents, "events"> {
  readonly entries: readonly Entry[];
}

/** An event or a read, as it is told of; an event that cannot be read is told of apart. */
interface Entry {
  /** Milliseconds. */
  readonly at: number;
  readonly told: AuditEvent | undefined;
  readonly event?: RecordedEvent | UnreadableEvent;
  readonly sequence?: number;
}

function entryOfEvent(event: RecordedEvent | UnreadableEvent): Entry {
  if (isUnreadable(event)) return { at: Date.parse(event.recorded_at), told: undefined, event };
  return { at: event.recordedAt, told: toAuditEvent(event), event };
}

function entryOfRead(row: ReadRow): Entry {
  return { at: row.recordedAt, told: ofRead(row), sequence: row.sequence };
}

function ofRead(row: ReadRow): AuditEvent {
  return AuditEvent.parse(
    withoutAbsent({
      audit_id: row.auditId,
      timestamp: formatTime(row.recordedAt),
      resource_type: row.resourceType,
      resource_id: row.resourceId,
      namespace_id: row.namespace ?? undefined,
      action: row.action,
      actor_id: row.actor,
      actor_type: "api_key",
      status: "success",
      changes: JSON.parse(row.changes),
      ip_address: row.remoteAddress ?? undefined,
      user_agent: row.userAgent ?? undefined,
    }),
  );
}

function beforeOf({ position, recordedAt }: Place = {}) {
  return position === undefined || recordedAt === undefined ? undefined : { position, recordedAt };
}

/** The last event and the last read of a page, or of those before it. */
function placeAfter(shown: readonly Entry[], before: Place = {}): Place {
  const event = shown.findLast((entry) => entry.event !== undefined);
  const read = shown.findLast(({ sequence }) => sequence !== undefined);
  return {
    ...before,
    ...(event?.event && { position: event.event.position, recordedAt: event.at }),
    ...(read?.sequence !== undefined && { sequence: read.sequence }),
  };
}
