/** The route that puts a whole namespace back to how it was. */
import { z } from "zod";
import { NamespaceReverted } from "../../api/index.js";
import { orAbsent, parseBody } from "../../domain/schemas.js";
import { setCache } from "../headers.js";
import { defineRoute, noQuery, type Route } from "../route.js";
import { bodyRefusals } from "../write.js";

const RevertNamespaceRequest = z.object({
  as_of: z.string().meta({ description: "A position (@1234), or an RFC 3339 time with offset." }),
  reason: z.string().nullish().transform(orAbsent),
  dry_run: z.boolean().nullish().meta({ description: "Tell what would be done, and do nothing." }),
  if_position: z.number().int().nullish().transform(orAbsent).meta({
    description: "The `compared_at` of a dry run: refuse when something was changed behind it.",
  }),
});

export const namespaceRevertRoute: Route = defineRoute({
  method: "POST",
  path: "/v1/admin/namespaces/{namespace_identifier}/revert",
  operationId: "revertNamespace",
  summary: "Put all buckets and objects of a namespace back to how they were at a moment",
  permission: "admin",
  namesNamespace: true,
  headers: ["X-Actor"],
  query: noQuery,
  body: { "application/json": RevertNamespaceRequest },
  examples: { "application/json": { as_of: "@1", reason: "the import was wrong" } },
  needsBody: true,
  response: NamespaceReverted,
  refusals: [400, 404, 409, 412, ...bodyRefusals, 422, 423, 507],
  handle: async ({ context, namespace, body }) => {
    const {
      as_of: asOf,
      reason,
      dry_run: dryRun,
      if_position: ifPosition,
    } = parseBody(RevertNamespaceRequest, body ?? {});
    setCache(context, "none");
    context.body = await namespace.revert({ asOf, reason, dryRun: dryRun === true, ifPosition });
  },
});
