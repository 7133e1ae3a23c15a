/** Everything that is special about batches. */

import { BucketsError } from "../errors.js";
import { type MemberOf, nothing, places } from "../kind.js";
import { owned } from "../owned.js";
import { batchTask } from "../task.js";
import type { BatchCommand } from "./commands.js";
import { decideBatch } from "./decide.js";
import { type BatchEvent, batchChanges } from "./events.js";
import { isOpen } from "./lease.js";
import { BatchResponse, batchCatalog, batchFields } from "./response.js";
import { type BatchState, evolveBatch } from "./state.js";
import { batchReservations, windowDueAt, windowOf } from "./window.js";

export const batchKind: MemberOf<BatchState, BatchCommand, BatchEvent> = {
  name: "batch",
  prefix: "btch_",
  commands: {
    create_batch: true,
    collect_object: true,
    close_window: true,
    add_batch_objects: true,
    patch_batch: true,
    submit_batch: true,
    cancel_batch: true,
    delete_batch: true,
    claim_batch: true,
    progress_batch: true,
    complete_batch: true,
    fail_batch: true,
    retry_batch: true,
  },
  restores: nothing.restored,
  id: (state) => state.batch_id,
  document: (state) => state.document,
  needless: nothing.known,
  decide: (state, command, context) => decideBatch(state, command, owned(context)),
  evolve: evolveBatch,
  changes: batchChanges,
  shown: nothing.masked,
  shownDocument: nothing.masked,
  reservations: batchReservations,
  holderKeys: (command, owner) =>
    command.type === "collect_object" ? [windowOf(owner.bucket_id)] : [],
  taken: ({ key }, holder) =>
    new BucketsError("ALREADY_EXISTS", `The batch ${holder} collects for the bucket ${key}.`, {
      resource: "batch",
      batch_id: holder,
    }),
  secrets: nothing.list,
  dueAt: windowDueAt,
  statistics: ({ before, after }) => ({
    batch: { was: statusOf(before), is: statusOf(after) },
  }),
  references: nothing.list,
  task: (state, _, at) => batchTask(state, at),
  table: {
    name: "batches",
    id: "batch_id",
    columns: {
      bucket_id: (state) => state.bucket_id,
      namespace: (state) => state.namespace,
      is_open: (state) => (isOpen(state) ? 1 : 0),
      submitted_at: (state) => state.submitted_at,
    },
  },
  answer: BatchResponse,
  // Not even the report of a worker is taken, who may repeat it until the lease runs out. An archived
  // bucket takes all of them: a batch reads objects and writes none.
  ownerTakes: "writes",
  listing: {
    catalog: batchCatalog,
    searched: ["batch_id"],
    fields: (state, at) => batchFields(state, { at }),
    stored: places({
      batch_id: ["batch_id"],
      bucket_id: ["bucket_id"],
      created_at: ["created_at"],
      updated_at: ["updated_at"],
      metadata: ["document", "metadata"],
    }),
  },
};

/** What it counts as: nothing while it is not there. */
function statusOf(state: BatchState | undefined) {
  return state === undefined || state.deleted !== undefined ? undefined : state.status;
}
