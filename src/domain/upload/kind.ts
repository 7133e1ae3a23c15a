/** Everything that is special about uploads. */
import { withoutAbsent } from "../json.js";
import { type MemberOf, nothing, places } from "../kind.js";
import { owned } from "../owned.js";
import { uploadsTask } from "../task.js";
import type { UploadCommand } from "./commands.js";
import { decideUpload } from "./decide.js";
import { type UploadEvent, uploadChanges } from "./events.js";
import { UploadResponse, uploadCatalog, uploadFields } from "./response.js";
import { evolveUpload, type UploadState, uploadSize } from "./state.js";

export const uploadKind: MemberOf<UploadState, UploadCommand, UploadEvent> = {
  name: "upload",
  prefix: "upl_",
  commands: { create_upload: true, confirm_upload: true, delete_upload: true },
  restores: nothing.restored,
  id: (state) => state.upload_id,
  document: (state) => withoutAbsent({ ...state.document }),
  needless: nothing.known,
  decide: (state, command, context) => decideUpload(state, command, owned(context)),
  evolve: evolveUpload,
  changes: uploadChanges,
  shown: nothing.masked,
  shownDocument: nothing.masked,
  reservations: nothing.list,
  holderKeys: nothing.list,
  taken: nothing.taken,
  secrets: nothing.list,
  dueAt: nothing.known,
  statistics: ({ event }) => ({ broughtBytes: event.type === "upload.confirmed" }),
  references: ({ hash }) => (hash === undefined ? [] : [hash]),
  task: uploadsTask,
  table: {
    name: "uploads",
    id: "upload_id",
    columns: {
      bucket_id: (state) => state.bucket_id,
      hash: (state) => state.hash,
      task_id: (state) => state.confirmation?.task_id,
      status: (state) => state.status,
      expires_at: (state) => state.expires_at,
      size_bytes: uploadSize,
    },
  },
  answer: UploadResponse,
  // It brings bytes for objects.
  ownerTakes: "objects",
  listing: {
    catalog: uploadCatalog,
    searched: ["upload_id", "filename"],
    fields: (state, at) => uploadFields(state, { at }),
    stored: places({
      upload_id: ["upload_id"],
      bucket_id: ["bucket_id"],
      created_at: ["created_at"],
      updated_at: ["updated_at"],
      filename: ["document", "filename"],
      metadata: ["document", "metadata"],
    }),
  },
};
