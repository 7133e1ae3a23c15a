/** The routes of syncs: they keep what a bucket is to be filled from, and pull nothing. */
import { z } from "zod";
import { BatchDeletion, ListSyncsResponse, type OperationResult } from "../../api/index.js";
import { statuses } from "../../domain/statuses.js";
import { CreateSyncRequest, PatchSyncRequest } from "../../domain/sync/requests.js";
import { SyncResponse, syncCatalog } from "../../domain/sync/response.js";
import { SyncTask } from "../../domain/task.js";
import { exampleParameters } from "../example-parameters.js";
import { defineRead } from "../read.js";
import type { ApiRequest, Route } from "../route.js";
import { bodyRefusals, defineOperation, shownOf, writeQuery, writeRefusals } from "../write.js";
import { bucketOf, bucketPath, bucketUrl } from "./buckets.js";
import { defineList, listRequest } from "./list-body.js";
import { pastRoutes } from "./past.js";

const base = `${bucketPath}/syncs`;
const syncPath = `${base}/{sync_config_id}`;

const ListSyncsRequest = listRequest({
  catalog: syncCatalog,
  noun: "sync",
  searched: "the id, the source path or the description",
}).extend({
  connection_id: z.string().nullish(),
  status: z.enum(statuses).nullish(),
  is_active: z.boolean().nullish(),
});

const NoFields = z.object({});

/** What the routes of one sync have in common. */
const ofSync = {
  permission: "write",
  query: writeQuery,
  response: SyncResponse,
} as const;

const actions = {
  pause: "Pause a sync; X-Reason says why",
  resume: "Resume a sync",
} as const;

export const syncRoutes: readonly Route[] = [
  defineOperation({
    ...ofSync,
    method: "POST",
    path: base,
    operationId: "createSync",
    summary: "Keep what a bucket is to be filled from; nothing is pulled",
    body: { "application/json": CreateSyncRequest },
    examples: {
      "application/json": {
        connection_id: exampleParameters.connection_id,
        source_path: "launch/films",
        sync_mode: "continuous",
        schema_mapping: {
          mappings: {
            video: { target_type: "blob", source: { type: "file" }, blob_type: "video" },
          },
        },
      },
    },
    needsBody: true,
    refusals: [400, 404, 422, 423, 507, ...bodyRefusals],
    toOperation: ({ params, body }) => ({ type: "create_sync", bucket: bucketOf(params), body }),
    locate: pathOf,
  }),
  defineList({
    path: `${base}/list`,
    operationId: "listSyncs",
    summary: "List syncs, now or as of a moment: search, filter, sort, page",
    response: ListSyncsResponse,
    request: ListSyncsRequest,
    filtersOf: ({ connection_id, status, is_active }) => ({ connection_id, status, is_active }),
    list: ({ namespace, params }, query) => namespace.syncs(bucketOf(params)).list(query),
  }),
  defineRead({
    path: syncPath,
    operationId: "getSync",
    summary: "Read a sync, now or as of a point in the past",
    response: SyncResponse,
    read: ({ namespace, params }, options) =>
      namespace.syncs(bucketOf(params)).get(syncOf(params), options),
    show: ({ sync }) => sync,
    urlOf: syncUrl,
  }),
  defineOperation({
    ...ofSync,
    method: "PATCH",
    path: syncPath,
    operationId: "patchSync",
    summary: "Change a sync",
    body: { "application/json": PatchSyncRequest },
    examples: { "application/json": { polling_interval_seconds: 60 } },
    needsBody: true,
    refusals: [...writeRefusals, ...bodyRefusals, 423],
    toOperation: ({ params, body }) => ({ ...named(params), type: "patch_sync", patch: body }),
  }),
  ...(["pause", "resume"] as const).map((action) =>
    defineOperation({
      ...ofSync,
      method: "POST",
      path: `${syncPath}/${action}`,
      operationId: `${action}Sync`,
      summary: actions[action],
      body: { "application/json": NoFields },
      refusals: [...writeRefusals, ...bodyRefusals, 423],
      toOperation: ({ params }) => ({ ...named(params), type: `${action}_sync` }),
    }),
  ),
  defineOperation({
    ...ofSync,
    method: "POST",
    path: `${syncPath}/trigger`,
    operationId: "triggerSync",
    summary: "Record that a sync was to pull, in a task that fails: nothing is pulled",
    body: { "application/json": NoFields },
    response: SyncTask,
    refusals: [...writeRefusals, ...bodyRefusals, 423],
    toOperation: ({ params }) => ({ ...named(params), type: "trigger_sync" }),
  }),
  defineOperation({
    ...ofSync,
    method: "DELETE",
    path: syncPath,
    operationId: "deleteSync",
    summary: "Delete a sync",
    permission: "delete",
    response: BatchDeletion,
    refusals: [...writeRefusals, 423],
    toOperation: ({ params }) => ({ ...named(params), type: "delete_sync" }),
  }),
  ...pastRoutes({
    path: syncPath,
    name: "Sync",
    noun: "sync",
    reads: ({ namespace, params }) => namespace.syncs(bucketOf(params)),
    identify: syncOf,
    urlOf: syncUrl,
  }),
];

function named(params: ApiRequest["params"]) {
  return { bucket: bucketOf(params), sync: syncOf(params) };
}

function syncOf(params: ApiRequest["params"]): string {
  return params["sync_config_id"] ?? "";
}

function syncUrl({ publicUrl, params }: ApiRequest): string {
  return `${bucketUrl(publicUrl, bucketOf(params))}/syncs/${encodeURIComponent(syncOf(params))}`;
}

const SyncShown = z.object({ bucket_id: z.string(), sync_config_id: z.string() });

function pathOf(result: OperationResult): string {
  const { bucket_id: bucket, sync_config_id: id } = SyncShown.parse(shownOf(result));
  return `/v1/buckets/${bucket}/syncs/${id}`;
}
