/** The routes of connections (CONTRACT: source adapters). Each calls the service and maps the answer. */
import { z } from "zod";
import {
  CreateConnectionRequest,
  PatchConnectionRequest,
} from "../../domain/connection/requests.js";
import { ConnectionResponse } from "../../domain/connection/response.js";
import { limits } from "../../domain/limits.js";
import { ListConnectionsResponse, type OperationResult } from "../../service/interface.js";
import { isNotModified, readIfNoneMatch } from "../conditional.js";
import { placeHeaders, setCache } from "../headers.js";
import { type ApiRequest, defineRoute, noQuery, type Route } from "../route.js";
import { bodyRefusals, defineOperation, shownOf, writeQuery, writeRefusals } from "../write.js";

const base = "/v1/organizations/connections";
const connectionPath = `${base}/{connection_id}`;

export const connectionRoutes: readonly Route[] = [
  defineOperation({
    method: "POST",
    path: base,
    operationId: "createConnection",
    summary: "Create a connection; its credentials are never answered",
    permission: "write",
    query: writeQuery,
    body: { "application/json": CreateConnectionRequest },
    needsBody: true,
    response: ConnectionResponse,
    refusals: [400, 409, 422, 507, ...bodyRefusals],
    toOperation: ({ body }) => ({ type: "create_connection", body }),
    locate: pathOf,
  }),
  defineRoute({
    method: "GET",
    path: base,
    operationId: "listConnections",
    summary: "List connections, newest first",
    permission: "read",
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).optional(),
      offset: z.coerce.number().int().min(0).optional(),
    }),
    response: ListConnectionsResponse,
    refusals: [400],
    handle: async ({ context, namespace }, query) => {
      setCache(context, "current");
      context.body = await namespace.connections.list(query);
    },
  }),
  defineRoute({
    method: "GET",
    path: connectionPath,
    operationId: "getConnection",
    summary: "Read a connection",
    permission: "read",
    headers: ["If-None-Match"],
    query: noQuery,
    response: ConnectionResponse,
    refusals: [400, 404],
    handle: async ({ context, namespace, params }) => {
      const ifNoneMatch = readIfNoneMatch(context.get("If-None-Match") || undefined);
      const read = await namespace.connections.get(connectionOf(params));
      context.set(placeHeaders(read));
      setCache(context, "current");
      if (isNotModified(ifNoneMatch, read.tag)) {
        context.status = 304;
        return;
      }
      context.body = read.connection;
    },
  }),
  defineOperation({
    method: "PATCH",
    path: connectionPath,
    operationId: "patchConnection",
    summary: "Change a connection; a masked credential keeps what is stored",
    permission: "write",
    query: writeQuery,
    body: { "application/json": PatchConnectionRequest },
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
    path: connectionPath,
    operationId: "deleteConnection",
    summary: "Delete a connection, and its credentials for good",
    permission: "delete",
    query: writeQuery,
    response: ConnectionResponse,
    successStatus: 204,
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
