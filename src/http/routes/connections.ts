/** The routes of connections (CONTRACT: source adapters). Each calls the service and maps the answer. */
import { z } from "zod";
import {
  ConnectionDeletion,
  ListConnectionsResponse,
  type OperationResult,
} from "../../api/index.js";
import { connectionCatalog } from "../../domain/connection/render.js";
import {
  CreateConnectionRequest,
  PatchConnectionRequest,
} from "../../domain/connection/requests.js";
import { ConnectionResponse } from "../../domain/connection/response.js";
import { limits } from "../../domain/limits.js";
import { statuses } from "../../domain/statuses.js";
import { readCondition, readConditions } from "../conditional.js";
import { setCache } from "../headers.js";
import { sendRead } from "../read.js";
import { type ApiRequest, defineRoute, noQuery, type Route } from "../route.js";
import { bodyRefusals, defineOperation, shownOf, writeQuery, writeRefusals } from "../write.js";
import { defineList, listRequest } from "./list-body.js";

const base = "/v1/organizations/connections";
const connectionPath = `${base}/{connection_id}`;

const ListConnectionsRequest = listRequest({
  catalog: connectionCatalog,
  noun: "connection",
  searched: "the id, the name or the description",
}).extend({
  provider_type: z.string().nullish(),
  status: z.enum(statuses).nullish(),
  is_active: z.boolean().nullish(),
});

export const connectionRoutes: readonly Route[] = [
  defineOperation({
    method: "POST",
    isOfOrganization: true,
    path: base,
    operationId: "createConnection",
    summary: "Create a connection; its credentials are never answered",
    permission: "write",
    query: writeQuery,
    body: { "application/json": CreateConnectionRequest },
    examples: {
      "application/json": {
        name: "studio",
        provider_type: "s3",
        provider_config: {
          region: "eu-central-1",
          credentials: {
            access_key_id: "AKIA3F9CEXAMPLE0",
            secret_access_key: "a secret of yours",
          },
        },
      },
    },
    needsBody: true,
    response: ConnectionResponse,
    refusals: [400, 409, 422, 507, ...bodyRefusals],
    toOperation: ({ body }) => ({ type: "create_connection", body }),
    locate: pathOf,
  }),
  defineRoute({
    method: "GET",
    isOfOrganization: true,
    path: base,
    operationId: "listConnections",
    scans: true,
    summary: "List connections, newest first",
    permission: "read",
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).optional(),
      offset: z.coerce.number().int().min(0).optional(),
    }),
    response: ListConnectionsResponse,
    refusals: [400],
    handle: async ({ context, organization }, query) => {
      setCache(context, "current");
      context.body = await organization.connections.list(query);
    },
  }),
  defineList({
    isOfOrganization: true,
    path: `${base}/list`,
    operationId: "searchConnections",
    summary: "List connections, now or as of a moment: search, filter, sort, page",
    response: ListConnectionsResponse,
    request: ListConnectionsRequest,
    filtersOf: ({ provider_type, status, is_active }) => ({ provider_type, status, is_active }),
    list: ({ organization }, query) => organization.connections.list(query),
  }),
  defineRoute({
    method: "GET",
    isOfOrganization: true,
    path: connectionPath,
    operationId: "getConnection",
    summary: "Read a connection",
    permission: "read",
    headers: readConditions,
    query: noQuery,
    response: ConnectionResponse,
    refusals: [400, 404, 412],
    handle: async ({ context, organization, params }) => {
      const condition = readCondition(context);
      const read = await organization.connections.get(connectionOf(params));
      setCache(context, "current");
      sendRead(context, condition, read, read.connection);
    },
  }),
  defineOperation({
    method: "PATCH",
    isOfOrganization: true,
    path: connectionPath,
    operationId: "patchConnection",
    summary: "Change a connection; a masked credential keeps what is stored",
    permission: "write",
    query: writeQuery,
    body: { "application/json": PatchConnectionRequest },
    examples: { "application/json": { description: "The account of the studio" } },
    needsBody: true,
    response: ConnectionResponse,
    refusals: [...writeRefusals, ...bodyRefusals, 409],
    toOperation: ({ params, body }) => ({
      type: "patch_connection",
      connection: connectionOf(params),
      patch: body,
    }),
  }),
  defineOperation({
    method: "DELETE",
    isOfOrganization: true,
    path: connectionPath,
    operationId: "deleteConnection",
    summary: "Delete a connection, and its credentials for good",
    permission: "delete",
    query: writeQuery,
    response: ConnectionDeletion,
    refusals: [...writeRefusals],
    toOperation: ({ params }) => ({
      type: "delete_connection",
      connection: connectionOf(params),
    }),
  }),
];

function connectionOf(params: ApiRequest["params"]): string {
  return params["connection_id"] ?? "";
}

const ConnectionShown = z.object({ connection_id: z.string() });

function pathOf(result: OperationResult): string {
  return `${base}/${ConnectionShown.parse(shownOf(result)).connection_id}`;
}
