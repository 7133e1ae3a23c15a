/** A sync as it is answered, with the fields of the hosted API. */
import { z } from "zod";
import type { FieldCatalog } from "../filter/fields.js";
import { type JsonObject, withoutAbsent } from "../json.js";
import { organizationId } from "../organization.js";
import { answeredTime, jsonObject } from "../schemas.js";
import { statuses } from "../statuses.js";
import { syncModes } from "./requests.js";
import type { SyncState } from "./state.js";

const count = z.number().int();
/** Nothing is ever pulled, and so nothing is ever counted. */
const none = z.literal(0);

export const SyncResponse = z.object({
  sync_config_id: z.string(),
  bucket_id: z.string(),
  connection_id: z.string(),
  internal_id: z.string(),
  /** The name of the namespace. */
  namespace_id: z.string(),
  source_path: z.string(),
  description: z.string().optional(),
  file_filters: jsonObject.optional(),
  schema_mapping: jsonObject.optional(),
  sync_mode: z.enum(syncModes),
  polling_interval_seconds: count,
  batch_size: count,
  skip_batch_submission: z.boolean(),
  create_object_on_confirm: z.literal(true),
  skip_duplicates: z.literal(true),
  status: z.enum(statuses),
  is_active: z.boolean(),
  metadata: jsonObject,
  paused: z.boolean(),
  pause_reason: z.string().optional(),
  paused_at: answeredTime.optional(),
  paused_by_user_id: z.string().optional(),
  created_by_user_id: z.string(),
  last_error: z.string().optional(),
  consecutive_failures: count,
  sync_run_counter: count,
  task_ids: z.array(z.string()),
  total_files_discovered: none,
  total_files_synced: none,
  total_files_failed: none,
  total_bytes_synced: none,
  batches_created: none,
  batch_ids: z.array(z.never()),
  resume_enabled: z.boolean(),
  resume_objects_processed: none,
  resume_checkpoint_frequency: count,
  max_objects_per_run: count,
  max_batch_chunk_size: count,
  batch_chunk_size: count,
  /** What only a sync that pulls comes to have. */
  last_sync_at: answeredTime.optional(),
  next_sync_at: answeredTime.optional(),
  locked_by_worker_id: z.string().optional(),
  locked_at: answeredTime.optional(),
  lock_expires_at: answeredTime.optional(),
  current_sync_run_id: z.string().optional(),
  resume_cursor: z.string().optional(),
  resume_last_primary_key: z.string().optional(),
  created_at: answeredTime,
  updated_at: answeredTime,
});
export type SyncResponse = Readonly<z.infer<typeof SyncResponse>>;

export const syncCatalog: FieldCatalog = {
  names: Object.keys(SyncResponse.shape),
  times: ["created_at", "updated_at", "paused_at"],
};

export function renderSync(state: SyncState): SyncResponse {
  return SyncResponse.parse(syncFields(state));
}

/** What a run of the hosted API keeps to, and what it has done: the same for every sync. */
const unpulled = {
  create_object_on_confirm: true,
  skip_duplicates: true,
  total_files_discovered: 0,
  total_files_synced: 0,
  total_files_failed: 0,
  total_bytes_synced: 0,
  batches_created: 0,
  batch_ids: [],
  resume_enabled: true,
  resume_objects_processed: 0,
  resume_checkpoint_frequency: 1_000,
  max_objects_per_run: 100_000,
  max_batch_chunk_size: 1_000,
  batch_chunk_size: 100,
} as const satisfies JsonObject;

/** The answer before it is checked, which a list needs of every sync that it looks at. */
export function syncFields(state: SyncState): JsonObject {
  const { paused, triggered } = state;
  return withoutAbsent({
    ...unpulled,
    ...state.document,
    sync_config_id: state.sync_config_id,
    bucket_id: state.bucket_id,
    internal_id: organizationId,
    namespace_id: state.namespace,
    paused: paused !== undefined,
    pause_reason: paused?.reason,
    paused_at: paused?.paused_at,
    paused_by_user_id: paused?.paused_by,
    created_by_user_id: state.created_by,
    last_error: triggered?.error,
    consecutive_failures: state.trigger_count,
    sync_run_counter: state.trigger_count,
    task_ids: triggered === undefined ? [] : [triggered.task_id],
    created_at: state.created_at,
    updated_at: state.updated_at,
  });
}
