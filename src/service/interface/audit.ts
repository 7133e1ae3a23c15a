/** The log in the audit shape of the hosted API. */
import { z } from "zod";
import { AuditEvent } from "../../domain/audit.js";

/** Every part that is given must hold. What is not kept here, such as collections, has no events. */
export interface AuditQuery {
  /** Such as `bucket`. */
  readonly resourceType?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly actorId?: string | undefined;
  /** Such as `bucket_updated`. */
  readonly action?: string | undefined;
  /** RFC 3339 with offset, inclusive, as `end`. */
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly skip?: number | undefined;
  /** 1 to 1,000; 50 unless given. */
  readonly limit?: number | undefined;
}

export const AuditLogResponse = z.object({
  results: z.array(AuditEvent),
  total: z.number().int(),
  skip: z.number().int(),
  limit: z.number().int(),
});
export type AuditLogResponse = z.infer<typeof AuditLogResponse>;

/** The events of one namespace in the audit shape of the hosted API. */
export interface Audit {
  /** Newest first. @throws BAD_REQUEST for a filter that is malformed. */
  list(query?: AuditQuery): Promise<AuditLogResponse>;
  /** @throws NOT_FOUND */
  get(auditId: string): Promise<AuditEvent>;
}
