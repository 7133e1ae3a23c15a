/** Everything that is special about syncs. */
import { type MemberOf, nothing, places } from "../kind.js";
import { owned } from "../owned.js";
import { syncTask } from "../task.js";
import type { SyncCommand } from "./commands.js";
import { decideSync } from "./decide.js";
import { type SyncEvent, syncChanges } from "./events.js";
import { SyncResponse, syncCatalog, syncFields } from "./response.js";
import { evolveSync, type SyncState } from "./state.js";

export const syncKind: MemberOf<SyncState, SyncCommand, SyncEvent> = {
  name: "sync",
  prefix: "sync_",
  commands: {
    create_sync: true,
    patch_sync: true,
    pause_sync: true,
    resume_sync: true,
    trigger_sync: true,
    delete_sync: true,
  },
  restores: nothing.restored,
  id: (state) => state.sync_config_id,
  document: (state) => state.document,
  needless: nothing.known,
  decide: (state, command, context) => decideSync(state, command, owned(context)),
  evolve: evolveSync,
  changes: syncChanges,
  shown: nothing.masked,
  shownDocument: nothing.masked,
  reservations: nothing.list,
  holderKeys: nothing.list,
  taken: nothing.taken,
  secrets: nothing.list,
  dueAt: nothing.known,
  statistics: nothing.known,
  references: nothing.list,
  task: syncTask,
  table: {
    name: "syncs",
    id: "sync_config_id",
    columns: { bucket_id: (state) => state.bucket_id },
  },
  answer: SyncResponse,
  ownerTakes: "writes",
  listing: {
    catalog: syncCatalog,
    searched: ["sync_config_id", "source_path", "description"],
    fields: syncFields,
    stored: places({
      sync_config_id: ["sync_config_id"],
      bucket_id: ["bucket_id"],
      connection_id: ["document", "connection_id"],
      source_path: ["document", "source_path"],
      description: ["document", "description"],
      status: ["document", "status"],
      is_active: ["document", "is_active"],
      metadata: ["document", "metadata"],
      created_at: ["created_at"],
      updated_at: ["updated_at"],
    }),
  },
};
