/** A batch as it is answered (CONTRACT: batches): a view of its state at a moment. */
import { z } from "zod";
import type { FieldCatalog } from "../filter/fields.js";
import { type JsonObject, withoutAbsent } from "../json.js";
import { answeredTime, jsonObject } from "../schemas.js";
import { BatchProgress, ObjectError } from "./events.js";
import { isLeaseLapsed, statusAt } from "./lease.js";
import type { BatchState } from "./state.js";
import { batchStatuses } from "./status.js";

export const BatchResponse = z.object({
  batch_id: z.string(),
  bucket_id: z.string(),
  /** What it takes its objects from; the contract knows others that are not ours. */
  type: z.literal("BUCKET"),
  status: z.enum(batchStatuses),
  object_ids: z.array(z.string()),
  metadata: jsonObject,
  task_id: z.string().optional(),
  lease: z
    .object({ worker: z.string(), claim_id: z.string(), expires_at: answeredTime })
    .optional(),
  progress: BatchProgress.optional(),
  result: jsonObject.optional(),
  error: z.string().optional(),
  errors: z.array(ObjectError).optional(),
  created_at: answeredTime,
  updated_at: answeredTime,
  submitted_at: answeredTime.optional(),
  finished_at: answeredTime.optional(),
});
export type BatchResponse = Readonly<z.infer<typeof BatchResponse>>;

export const batchCatalog: FieldCatalog = {
  names: Object.keys(BatchResponse.shape),
  times: ["created_at", "updated_at", "submitted_at", "finished_at"],
};

/** The moment that an answer is about, milliseconds. */
interface Viewpoint {
  readonly at: number;
}

export function renderBatch(state: BatchState, viewpoint: Viewpoint): BatchResponse {
  return BatchResponse.parse(batchFields(state, viewpoint));
}

/** The answer before it is checked, which a list needs of every batch that it looks at. */
export function batchFields(state: BatchState, { at }: Viewpoint): JsonObject {
  const isLapsed = isLeaseLapsed(state, at);
  return withoutAbsent({
    batch_id: state.batch_id,
    bucket_id: state.bucket_id,
    type: "BUCKET",
    status: statusAt(state, at),
    object_ids: state.document.object_ids,
    metadata: state.document.metadata,
    task_id: state.task_id,
    lease: isLapsed ? undefined : state.lease,
    // A worker that lost the batch leaves nothing behind: the next one begins anew.
    progress: isLapsed ? undefined : state.progress,
    result: state.result,
    error: state.error,
    errors: state.errors,
    created_at: state.created_at,
    updated_at: state.updated_at,
    submitted_at: state.submitted_at,
    finished_at: state.finished_at,
  });
}

/** The strong entity tag without quotes: the version, and `.l` once a lease has lapsed. */
export function batchTag(state: BatchState, at: number): string {
  return `${state.version}${isLeaseLapsed(state, at) ? ".l" : ""}`;
}
