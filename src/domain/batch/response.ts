/** A batch as it is answered (CONTRACT: batches): a view of its state at a moment. */
import { z } from "zod";
import type { FieldCatalog } from "../filter/fields.js";
import { type JsonObject, withoutAbsent } from "../json.js";
import { answeredTime, jsonObject } from "../schemas.js";
import { BatchProgress } from "./events.js";
import { errorCategories, failedObjects, ObjectError, summaryOf } from "./failures.js";
import { isLeaseLapsed, statusAt } from "./lease.js";
import { type BatchState, objectsAsked, objectsHandedOut } from "./state.js";
import { batchStatuses } from "./status.js";
import { tierFields, tiersOf } from "./tiers.js";

export const BatchResponse = z.object({
  batch_id: z.string(),
  bucket_id: z.string(),
  /** What it takes its objects from; the contract knows others that are not ours. */
  type: z.literal("BUCKET"),
  status: z.enum(batchStatuses),
  /**
   * While a worker has it, and after, those that it was handed. Of one that is tried again, what it is
   * tried again with, until it has ended.
   */
  object_ids: z.array(z.string()),
  /** Those that it was not, because they had been deleted. */
  deleted_object_ids: z.array(z.string()).optional(),
  metadata: jsonObject,
  task_id: z.string().optional(),
  lease: z
    .object({ worker: z.string(), claim_id: z.string(), expires_at: answeredTime })
    .optional(),
  progress: BatchProgress.optional(),
  result: jsonObject.optional(),
  error: z.string().optional(),
  error_type: z.enum(errorCategories).optional(),
  errors: z.array(ObjectError).optional(),
  /** How many of its objects failed, by the kind of fault. */
  error_summary: z.partialRecord(z.enum(errorCategories), z.number().int()).optional(),
  retry_count: z.number().int(),
  ...tierFields,
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

interface AnsweredAt {
  /** The moment that the answer is about, milliseconds. */
  readonly at: number;
}

export function renderBatch(state: BatchState, when: AnsweredAt): BatchResponse {
  return BatchResponse.parse(batchFields(state, when));
}

/** The answer before it is checked, which a list needs of every batch that it looks at. */
export function batchFields(state: BatchState, { at }: AnsweredAt): JsonObject {
  const isLapsed = isLeaseLapsed(state, at);
  return withoutAbsent({
    batch_id: state.batch_id,
    bucket_id: state.bucket_id,
    type: "BUCKET",
    status: statusAt(state, at),
    object_ids: isLapsed ? objectsAsked(state) : objectsHandedOut(state),
    deleted_object_ids: isLapsed ? undefined : state.deleted_object_ids,
    metadata: state.document.metadata,
    task_id: state.task_id,
    lease: isLapsed ? undefined : state.lease,
    // A worker that lost the batch leaves nothing behind: the next one begins anew.
    progress: isLapsed ? undefined : state.progress,
    result: state.result,
    error: state.error,
    error_type: state.error_type,
    errors: state.errors,
    error_summary: summaryOf(failedObjects(state)),
    retry_count: state.retry?.count ?? 0,
    ...tiersOf(state, statusAt(state, at)),
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
