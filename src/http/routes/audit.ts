/** The routes of the audit log (CONTRACT: audit shape). It tells addresses, and so is for admins. */
import { Readable } from "node:stream";
import { z } from "zod";
import {
  AuditLogResponse,
  type AuditQuery,
  AuditSettings,
  AuditSettingsRequest,
} from "../../api/index.js";
import { AuditEvent } from "../../domain/audit-event.js";
import { limits } from "../../domain/limits.js";
import { setCache } from "../headers.js";
import { addLink, withQuery } from "../links.js";
import { defineRoute, noQuery, type Route } from "../route.js";
import { textsOf } from "../whole-page.js";
import { assertUnconditional } from "../write.js";

const base = "/v1/organizations/audit/logs";

/** Where a part of an answer begins, and how much of it is wanted. */
type Place = Pick<AuditQuery, "cursor" | "limit">;

/** They are of the whole store. */
const ofSettings = {
  path: "/v1/organizations/audit/settings",
  permission: "admin",
  isStoreWide: true,
  response: AuditSettings,
} as const;

const bound = z
  .string()
  .optional()
  .meta({ description: "RFC 3339 with offset or a day, inclusive." });

export const auditRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    isOfOrganization: true,
    path: base,
    operationId: "listAuditLogs",
    scans: true,
    summary: "Who did what, newest first",
    permission: "admin",
    query: z.strictObject({
      resource_type: z.string().optional().meta({ description: "Such as bucket." }),
      resource_id: z.string().optional(),
      actor_id: z.string().optional(),
      action: z.string().optional().meta({ description: "Such as bucket_updated." }),
      start: bound,
      end: bound,
      skip: z.coerce.number().int().min(0).optional(),
      cursor: z
        .string()
        .optional()
        .meta({ description: "The next_cursor of the page before; stable under writes." }),
      limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).optional(),
    }),
    isHostedList: true,
    response: AuditLogResponse,
    refusals: [400, 422],
    handle: async ({ context, organization, publicUrl }, query) => {
      const { resource_type, resource_id, actor_id, ...rest } = query;
      setCache(context, "none");
      const asked = {
        resourceType: resource_type,
        resourceId: resource_id,
        actorId: actor_id,
        ...rest,
        bytesMax: limits.pageBytesMax,
      };
      const page = await organization.audit.list(asked);
      const { next_cursor: cursor, skip, limit } = page;
      const link = (place: { readonly skip: number | undefined; readonly cursor?: string }) =>
        withQuery(`${publicUrl}${base}`, { ...query, ...place });
      const isPart = cursor !== undefined && countOf(page) < limit;
      if (!isPart || query.cursor !== undefined) {
        if (cursor !== undefined) addLink(context, link({ skip: undefined, cursor }), "next");
        context.body = page;
        return;
      }
      // Whoever pages by skip counts on what was asked for.
      if (skip + limit < page.total) addLink(context, link({ skip: skip + limit }), "next");
      const read = (place: Place) => organization.audit.list({ ...asked, skip: 0, ...place });
      context.body = Readable.from(wholeLog(page, read));
      context.type = "application/json";
    },
  }),
  defineRoute({
    method: "GET",
    isOfOrganization: true,
    path: `${base}/{audit_id}`,
    operationId: "getAuditLog",
    summary: "One event of the audit log",
    permission: "admin",
    query: noQuery,
    response: AuditEvent,
    refusals: [400, 404],
    handle: async ({ context, organization, params }) => {
      setCache(context, "none");
      context.body = await organization.audit.get(params["audit_id"] ?? "");
    },
  }),
  defineRoute({
    ...ofSettings,
    method: "GET",
    operationId: "getAuditSettings",
    summary: "Whether reads are audited",
    query: noQuery,
    refusals: [400],
    handle: async ({ context, auditSettings }) => {
      setCache(context, "none");
      context.body = await auditSettings().get();
    },
  }),
  defineRoute({
    ...ofSettings,
    method: "PATCH",
    operationId: "patchAuditSettings",
    summary: "Turn the audit of reads on or off, which the audit log tells of",
    query: noQuery,
    body: { "application/json": AuditSettingsRequest },
    examples: { "application/json": { read_auditing_enabled: true } },
    needsBody: true,
    refusals: [400, 413, 415, 422, 507],
    handle: async ({ context, auditSettings, body }) => {
      assertUnconditional(context);
      context.body = await auditSettings().patch(body);
    },
  }),
];

/** How many entries of the log a page is about. */
function countOf({ results, unreadable = [] }: AuditLogResponse): number {
  return results.length + unreadable.length;
}

/** The text of a page that is too large to be made at once, read in parts. */
async function* wholeLog(
  first: AuditLogResponse,
  read: (place: Place) => Promise<AuditLogResponse>,
): AsyncIterable<string> {
  const unreadable: AuditLogResponse["unreadable"] = [];
  let page = first;
  let left = first.limit;
  let separator = "";
  yield '{"results":[';
  for (;;) {
    for (const text of textsOf(page.results)) {
      yield separator + text;
      separator = ",";
    }
    unreadable.push(...(page.unreadable ?? []));
    left -= countOf(page);
    const { next_cursor: cursor } = page;
    if (left <= 0 || cursor === undefined) break;
    page = await read({ limit: left, cursor });
  }
  const { next_cursor: cursor } = page;
  const { total, skip, limit } = first;
  const rest = {
    total,
    skip,
    limit,
    ...(cursor !== undefined && { next_cursor: cursor }),
    ...(unreadable.length > 0 && { unreadable }),
  };
  yield `],${JSON.stringify(rest).slice(1)}`;
}
