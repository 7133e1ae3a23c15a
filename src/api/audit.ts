/** The log in the audit shape of the hosted API. */
import { z } from "zod";
import { AuditEvent } from "../domain/audit-event.js";
import { UnreadableEvent } from "../domain/history.js";
import type { Input } from "./inputs.js";

/** Every part that is given must hold. What is not kept here, such as collections, has no events. */
export interface AuditQuery {
  /** Such as `bucket`. */
  readonly resourceType?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly actorId?: string | undefined;
  /** Such as `bucket_updated`. */
  readonly action?: string | undefined;
  /** RFC 3339 with offset or a day, inclusive, as `end`. */
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  /** Counted from the newest, which others push on: a page of a `cursor` is stable under writes. */
  readonly skip?: number | undefined;
  /** The `next_cursor` of the page before, with the same filters. */
  readonly cursor?: string | undefined;
  /** 1 to 1,000; 50 unless given. */
  readonly limit?: number | undefined;
}

/** What a server asks beside that. */
export interface ServedAuditQuery extends AuditQuery {
  /** The page ends, with a `next_cursor`, once so many bytes of events are in it, and holds one at least. */
  readonly bytesMax?: number | undefined;
}

export const AuditLogResponse = z.object({
  results: z.array(AuditEvent),
  total: z.number().int(),
  skip: z.number().int(),
  limit: z.number().int(),
  /** Where the page after this one begins; absent on the last. */
  next_cursor: z.string().optional(),
  /** Events of the page that cannot be read, if there are any; `total` counts them. */
  unreadable: z.array(UnreadableEvent).optional(),
});
export type AuditLogResponse = z.infer<typeof AuditLogResponse>;

/** Events, and reads while they are audited, in the audit shape of the hosted API. */
export interface Audit {
  /** Newest first. @throws BAD_REQUEST for a filter that is malformed, or a cursor of other filters. */
  list(query?: AuditQuery): Promise<AuditLogResponse>;
  /** @throws NOT_FOUND */
  get(auditId: string): Promise<AuditEvent>;
}

export const AuditSettings = z.object({ read_auditing_enabled: z.boolean() });
export type AuditSettings = Readonly<z.infer<typeof AuditSettings>>;

/** Null leaves it as it is. */
export const AuditSettingsRequest = z.object({ read_auditing_enabled: z.boolean().nullish() });

export type AuditSettingsInput = Input<typeof AuditSettingsRequest>;

/** Whether reads are audited: off unless somebody turns it on. It is of the whole store. */
export interface ReadAuditSettings<Sent = never> {
  /** @throws FORBIDDEN for a caller to whom not all namespaces are open, here and below. */
  get(): Promise<AuditSettings>;
  /** `{read_auditing_enabled}`; turning it on or off is told of in the audit log. @throws KEY_MISSING */
  patch(body: AuditSettingsInput | Sent): Promise<AuditSettings>;
}

/** A read as the audit log tells of it. */
export interface TrackedRead {
  /** Undefined for what is about no namespace alone. */
  readonly namespace: string | undefined;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly actor: string;
  readonly remoteAddress?: string | undefined;
  readonly userAgent?: string | undefined;
}

/** What a server tells of the reads that it answers. */
export interface ReadTracker {
  /** Whether this process was told to audit reads. */
  readonly isOn: boolean;
  /** Whether a read is to be told of. @throws READ_ONLY, KEY_MISSING, STORAGE_FULL where none can be. */
  begin(): Promise<boolean>;
  record(read: TrackedRead): void;
  /** Resolves once everything that was told can be seen in the audit log. */
  settle(): Promise<void>;
}
