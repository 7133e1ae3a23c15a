/** A toy kind of resource: a named collection in a namespace, with a token that is a secret. */
import { z } from "zod";
import type { Change } from "../../../src/domain/change.js";
import { diff } from "../../../src/domain/changes.js";
import { BucketsError } from "../../../src/domain/errors.js";
import { formatTime } from "../../../src/domain/event.js";
import type { JsonObject } from "../../../src/domain/json.js";
import { type Kind, nothing } from "../../../src/domain/kind.js";
import { jsonObject } from "../../../src/domain/schemas.js";
import type { CollectionEvent } from "./events.js";

export const CollectionState = z.object({
  kind: z.literal("collection"),
  collection_id: z.string(),
  /** Its own id: it belongs to no bucket. */
  bucket_id: z.string(),
  namespace: z.string(),
  version: z.number(),
  position: z.number(),
  document: jsonObject,
  created_at: z.string(),
  updated_at: z.string(),
  deleted: z.object({ deleted_at: z.string() }).optional(),
});
export type CollectionState = Readonly<z.infer<typeof CollectionState>>;

export type CollectionCommand =
  | { readonly type: "create_collection"; readonly name: string; readonly token: string }
  | { readonly type: "delete_collection" };

const tokenPath = "/token";

export const collectionKind: Kind<CollectionState, CollectionCommand, CollectionEvent> = {
  name: "collection",
  prefix: "coll_",
  commands: { create_collection: true, delete_collection: true },
  restores: nothing.restored,
  id: (state) => state.collection_id,
  document: (state) => state.document,
  needless: nothing.known,
  decide: (_, command) =>
    command.type === "create_collection"
      ? { type: "collection.created", data: { name: command.name, token: command.token } }
      : { type: "collection.deleted", data: {} },
  evolve: (state, { event, recordedAt, ...recorded }) => {
    const at = formatTime(recordedAt);
    const { stream, version, position, namespace, bucketId } = recorded;
    const deleted = event.type === "collection.deleted" && { deleted: { deleted_at: at } };
    return {
      kind: "collection",
      collection_id: stream,
      bucket_id: bucketId,
      namespace,
      version,
      position,
      document: event.type === "collection.created" ? event.data : (state?.document ?? {}),
      created_at: state?.created_at ?? at,
      updated_at: at,
      ...deleted,
    };
  },
  changes: (event) => (event.type === "collection.created" ? diff({}, event.data) : []),
  shown: (changes) => changes.map(masked),
  shownDocument: (document): JsonObject => ({ ...document, token: "********" }),
  reservations: ({ namespace, document, deleted }) =>
    deleted === undefined
      ? [{ scope: `collection_name:${namespace}`, key: String(document["name"]) }]
      : [],
  holderKeys: nothing.list,
  taken: ({ key }, holder) =>
    new BucketsError("ALREADY_EXISTS", `The collection ${holder} has the name "${key}".`, {
      resource: "collection",
      collection_id: holder,
    }),
  secrets: nothing.list,
  dueAt: nothing.known,
  statistics: nothing.known,
  references: nothing.list,
  task: nothing.known,
  table: {
    name: "collections",
    id: "collection_id",
    columns: { namespace: (state) => state.namespace },
  },
  answer: z.object({ collection_id: z.string(), name: z.string() }),
};

function masked(change: Change): Change {
  return change.path === tokenPath && change.op === "add"
    ? { ...change, value: "********" }
    : change;
}
