/** The routes of the audit log (CONTRACT: audit shape). It tells addresses, and so is for admins. */
import { z } from "zod";
import { AuditLogResponse, AuditSettings, AuditSettingsRequest } from "../../api/index.js";
import { AuditEvent } from "../../domain/audit-event.js";
import { limits } from "../../domain/limits.js";
import { setCache } from "../headers.js";
import { addLink, withQuery } from "../links.js";
import { defineRoute, noQuery, type Route } from "../route.js";
import { assertUnconditional } from "../write.js";

const base = "/v1/organizations/audit/logs";

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
      const page = await organization.audit.list({
        resourceType: resource_type,
        resourceId: resource_id,
        actorId: actor_id,
        ...rest,
      });
      const { next_cursor: cursor } = page;
      if (cursor !== undefined) {
        const { skip: _, ...filters } = query;
        addLink(context, withQuery(`${publicUrl}${base}`, { ...filters, cursor }), "next");
      }
      context.body = page;
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
