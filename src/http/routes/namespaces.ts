/** The routes of namespaces: each says itself which one it is about, and heeds no X-Namespace. */
import { z } from "zod";
import {
  ListNamespacesResponse,
  type NamespaceWritten,
  type ServedWriteOptions,
} from "../../api/index.js";
import { CreateNamespaceRequest, PatchNamespaceRequest } from "../../domain/namespace/requests.js";
import { NamespaceResponse, namespaceCatalog } from "../../domain/namespace/response.js";
import { parseBody } from "../../domain/schemas.js";
import { NamespaceDeletionTask } from "../../domain/task.js";
import { readCondition, readConditions } from "../conditional.js";
import { setCache } from "../headers.js";
import { sendRead, setPast } from "../read.js";
import { type ApiRequest, asOf, defineRoute, type Route } from "../route.js";
import { bodyRefusals, defineWrite, writeQuery, writeRefusals } from "../write.js";
import { defineList, listRequest } from "./list-body.js";
import { pastRoutes } from "./past.js";

const base = "/v1/namespaces";
const namespacePath = `${base}/{namespace_identifier}`;

const ListNamespacesRequest = listRequest({
  catalog: namespaceCatalog,
  noun: "namespace",
  searched: "the id, the name or the description",
});

/** What all writes share that are answered with the namespace. */
const answersNamespace = {
  namesNamespace: true,
  permission: "write",
  query: writeQuery,
  needsBody: true,
  response: NamespaceResponse,
  show: ({ namespace }: NamespaceWritten) => namespace,
  locate: ({ namespace }: NamespaceWritten) => `${base}/${namespace.namespace_id}`,
} as const;

/** A PUT is partial as well, as that of buckets is. */
const patchesNamespace = {
  ...answersNamespace,
  path: namespacePath,
  body: { "application/json": PatchNamespaceRequest },
  examples: { "application/json": { description: "Films of the studio" } },
  refusals: [...writeRefusals, ...bodyRefusals, 409],
  write: ({ namespaces, params, body }: ApiRequest, options: ServedWriteOptions) =>
    namespaces().patch(namespaceOf(params), body, options),
} as const;

export const namespaceRoutes: readonly Route[] = [
  defineWrite({
    ...answersNamespace,
    method: "POST",
    path: base,
    operationId: "createNamespace",
    summary: "Make a namespace, also of one that is there by what is in it",
    body: { "application/json": CreateNamespaceRequest },
    examples: {
      "application/json": {
        namespace_name: "films",
        description: "Moving pictures",
        feature_extractors: [{ feature_extractor_name: "multimodal_extractor", version: "v1" }],
      },
    },
    refusals: [400, 409, ...bodyRefusals, 422, 507],
    write: ({ namespaces, assertOpens, body }, options) => {
      assertOpens(parseBody(CreateNamespaceRequest, body).namespace_name);
      return namespaces().create(body, options);
    },
  }),
  defineList({
    path: `${base}/list`,
    operationId: "listNamespaces",
    summary: "List the namespaces that the token opens, now or as of a moment, made or not",
    namesNamespace: true,
    request: ListNamespacesRequest,
    response: ListNamespacesResponse,
    list: ({ namespaces, openedNamespaces }, query) =>
      namespaces().list({ ...query, within: openedNamespaces }),
  }),
  defineRoute({
    method: "GET",
    path: namespacePath,
    operationId: "getNamespace",
    scans: "past",
    summary: "Read a namespace, made or not, now or as of a point in the past",
    permission: "read",
    namesNamespace: true,
    headers: readConditions,
    query: z.strictObject({ as_of: asOf }),
    response: NamespaceResponse,
    refusals: [400, 404, 412],
    handle: async ({ context, namespaces, params }, query) => {
      const condition = readCondition(context);
      const read = await namespaces().get(namespaceOf(params), { asOf: query.as_of });
      setPast(context, read.past);
      // What nobody made has no place of its own in the log, but its past is past all the same.
      if (query.as_of !== undefined && read.past === undefined) setCache(context, "none");
      sendRead(context, condition, read, read.namespace);
    },
  }),
  defineWrite({
    ...patchesNamespace,
    method: "PATCH",
    operationId: "patchNamespace",
    summary: "Change a namespace; its name stays",
  }),
  defineWrite({
    ...patchesNamespace,
    method: "PUT",
    operationId: "putNamespace",
    summary: "The same as PATCH: the contract's PUT is partial too",
  }),
  defineWrite({
    method: "DELETE",
    path: namespacePath,
    operationId: "deleteNamespace",
    summary: "Delete a namespace with up to 1,000 buckets and connections in it",
    permission: "delete",
    namesNamespace: true,
    query: writeQuery,
    response: NamespaceDeletionTask,
    refusals: [...writeRefusals, 409, 423],
    write: ({ namespaces, params }, options) => namespaces().delete(namespaceOf(params), options),
    show: ({ task }) => task,
  }),
  ...pastRoutes({
    path: namespacePath,
    name: "Namespace",
    noun: "namespace",
    namesNamespace: true,
    reads: ({ namespaces }) => namespaces(),
    identify: namespaceOf,
    urlOf: ({ publicUrl, params }) =>
      `${publicUrl}${base}/${encodeURIComponent(namespaceOf(params))}`,
  }),
];

/** The id or name in the path. */
function namespaceOf(params: ApiRequest["params"]): string {
  return params["namespace_identifier"] ?? "";
}
