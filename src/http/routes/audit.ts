/** The routes of the audit log (CONTRACT: audit shape). It tells addresses, and so is for admins. */
import { z } from "zod";
import { AuditEvent } from "../../domain/audit.js";
import { limits } from "../../domain/limits.js";
import { AuditLogResponse } from "../../service/interface.js";
import { setCache } from "../headers.js";
import { defineRoute, noQuery, type Route } from "../route.js";

const base = "/v1/organizations/audit/logs";

const moment = z.string().optional().meta({ description: "RFC 3339 with offset, inclusive." });

export const auditRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: base,
    operationId: "listAuditLogs",
    summary: "Who did what in the namespace, newest first",
    permission: "admin",
    query: z.strictObject({
      resource_type: z.string().optional().meta({ description: "Such as bucket." }),
      resource_id: z.string().optional(),
      actor_id: z.string().optional(),
      action: z.string().optional().meta({ description: "Such as bucket_updated." }),
      start: moment,
      end: moment,
      skip: z.coerce.number().int().min(0).optional(),
      limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).optional(),
    }),
    response: AuditLogResponse,
    refusals: [400],
    handle: async ({ context, namespace }, query) => {
      const { resource_type, resource_id, actor_id, ...rest } = query;
      setCache(context, "none");
      context.body = await namespace.audit.list({
        resourceType: resource_type,
        resourceId: resource_id,
        actorId: actor_id,
        ...rest,
      });
    },
  }),
  defineRoute({
    method: "GET",
    path: `${base}/{audit_id}`,
    operationId: "getAuditLog",
    summary: "One event of the audit log",
    permission: "admin",
    query: noQuery,
    response: AuditEvent,
    refusals: [400, 404],
    handle: async ({ context, namespace, params }) => {
      setCache(context, "none");
      context.body = await namespace.audit.get(params["audit_id"] ?? "");
    },
  }),
];
