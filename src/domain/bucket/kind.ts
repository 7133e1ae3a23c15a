/** Everything that is special about buckets. */

import { BucketsError } from "../errors.js";
import { type Kind, nothing } from "../kind.js";
import { deletionTask } from "../task.js";
import type { BucketCommand } from "./commands.js";
import { decideBucket } from "./decide.js";
import { type BucketEvent, bucketChanges } from "./events.js";
import { bucketReservations } from "./reservations.js";
import { BucketResponse } from "./response.js";
import { bucketSecrets } from "./secrets.js";
import { type BucketState, evolveBucket } from "./state.js";
import { secretsOfBucket } from "./webhook-secrets.js";

export const bucketKind: Kind<BucketState, BucketCommand, BucketEvent> = {
  name: "bucket",
  prefix: "bkt_",
  commands: {
    create_bucket: true,
    patch_bucket: true,
    lock_bucket: true,
    unlock_bucket: true,
    archive_bucket: true,
    activate_bucket: true,
    suspend_bucket: true,
    delete_bucket: true,
    revert_bucket: true,
    undo_event: true,
    rotate_secret: true,
    restore_bucket: true,
  },
  restores: ({ type }) => type === "restore_bucket",
  id: (state) => state.bucket_id,
  document: (state) => state.document,
  needless: nothing.known,
  decide: (state, command, { moment }) => decideBucket(state, command, moment),
  evolve: evolveBucket,
  changes: bucketChanges,
  shown: bucketSecrets.maskChanges,
  shownDocument: bucketSecrets.maskDocument,
  reservations: bucketReservations,
  holderKeys: nothing.list,
  taken: ({ key }, holder) =>
    new BucketsError(
      "ALREADY_EXISTS",
      `The name "${key}" is taken in this namespace: choose another.`,
      { bucket_name: key, bucket_id: holder },
    ),
  secrets: secretsOfBucket,
  dueAt: nothing.known,
  statistics: nothing.known,
  references: nothing.list,
  task: deletionTask,
  table: {
    name: "buckets",
    id: "bucket_id",
    columns: { namespace: (state) => state.namespace },
  },
  answer: BucketResponse,
};
