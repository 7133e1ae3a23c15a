/** Everything that is special about objects. */

import { BucketsError } from "../errors.js";
import { type MemberOf, nothing, places } from "../kind.js";
import { owned } from "../owned.js";
import { bringsBytes, storedHashes } from "./bytes.js";
import type { ObjectCommand } from "./commands.js";
import { decideObject, needlessForObject } from "./decide.js";
import type { ObjectEvent } from "./events.js";
import { objectHolderKeys, objectReservations } from "./keys.js";
import { isUserField } from "./own-fields.js";
import { ObjectResponse, objectCatalog, objectFields, objectSize } from "./response.js";
import { evolveObject, type ObjectState } from "./state.js";

const ownPlace = places({
  object_id: ["object_id"],
  bucket_id: ["bucket_id"],
  created_at: ["created_at"],
  updated_at: ["updated_at"],
  metadata: ["document", "metadata"],
  key_prefix: ["document", "key_prefix"],
  status: ["status"],
});

export const objectKind: MemberOf<ObjectState, ObjectCommand, ObjectEvent> = {
  name: "object",
  prefix: "obj_",
  commands: {
    create_object: true,
    put_object: true,
    patch_object: true,
    delete_object: true,
    remove_object: true,
    revert_object: true,
    undo_object: true,
    restore_object: true,
  },
  restores: ({ type }) => type === "restore_object",
  id: (state) => state.object_id,
  document: (state) => state.document,
  needless: needlessForObject,
  decide: (state, command, context) => decideObject(state, command, owned(context)),
  evolve: evolveObject,
  changes: (event) => (event.type === "object.deleted" ? [] : event.data.changes),
  shown: nothing.masked,
  shownDocument: nothing.masked,
  reservations: objectReservations,
  holderKeys: objectHolderKeys,
  taken: ({ key }, holder) =>
    new BucketsError(
      "ALREADY_EXISTS",
      `The object ${holder} has the unique key ${key}: choose another.`,
      { resource: "object", object_id: holder, unique_key_value: key },
    ),
  secrets: nothing.list,
  dueAt: nothing.known,
  statistics: ({ before, after }) => ({
    object: { was: sizeOf(before), is: sizeOf(after) },
    broughtBytes: bringsBytes(before, after),
  }),
  references: ({ document }) => storedHashes(document),
  task: nothing.known,
  table: {
    name: "objects",
    id: "object_id",
    columns: { bucket_id: (state) => state.bucket_id, size_bytes: objectSize },
  },
  answer: ObjectResponse,
  ownerTakes: "objects",
  listing: {
    catalog: objectCatalog,
    searched: ["object_id", "key_prefix", "metadata"],
    fields: objectFields,
    stored: (field) => ownPlace(field) ?? (isUserField(field) ? ["document", field] : undefined),
  },
};

/** What it adds to the bytes of the bucket: nothing while it is not there. */
function sizeOf(state: ObjectState | undefined): number | undefined {
  return state === undefined || state.deleted !== undefined ? undefined : objectSize(state);
}
