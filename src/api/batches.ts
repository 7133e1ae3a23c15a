/** The batches of a bucket, and the protocol of the workers that process them. */
import { z } from "zod";
import { errorCategories, ObjectError } from "../domain/batch/failures.js";
import { BatchResponse } from "../domain/batch/response.js";
import { batchStatuses } from "../domain/batch/status.js";
import { answeredTime } from "../domain/schemas.js";
import type { TaskResponse } from "../domain/task.js";
import type {
  AddObjectsInput,
  CompleteInput,
  CreateBatchInput,
  FailInput,
  PatchBatchInput,
  ProgressInput,
  RetryInput,
  SubmitBatchInput,
} from "./inputs.js";
import { AsOf, type ListQuery, Pagination } from "./lists.js";
import type { PastPlace, PastReads } from "./past.js";
import type { WriteOptions, Written } from "./writes.js";

/** A batch as it is answered, with its place in the log. */
export interface BatchRead {
  readonly batch: BatchResponse;
  readonly version: number;
  /** The newest event that is folded into the answer. */
  readonly position: number;
  /** The strong entity tag, without quotes; another one once a lease has lapsed. */
  readonly tag: string;
  /** There for an answer about the past. */
  readonly past?: PastPlace;
}

export interface BatchWritten extends Written {
  readonly batch: BatchResponse;
}

/** What goes on, or went on, with a batch from when it was submitted. */
export interface BatchTaskWritten extends Written {
  readonly task: TaskResponse;
}

export const BatchDeletion = z.object({ message: z.string(), success: z.literal(true) });
export type BatchDeletion = Readonly<z.infer<typeof BatchDeletion>>;

export interface BatchDeleted extends Written {
  readonly deletion: BatchDeletion;
}

interface BatchAction<Type extends string> {
  readonly type: Type;
  readonly bucket: string;
  /** The id of the batch. */
  readonly batch: string;
}

/** A write to a batch as data. */
export type BatchOperation<Sent = unknown> =
  | {
      readonly type: "create_batch";
      readonly bucket: string;
      readonly body: CreateBatchInput | Sent;
    }
  | (BatchAction<"add_batch_objects"> & { readonly body: AddObjectsInput | Sent })
  | (BatchAction<"patch_batch"> & { readonly patch: PatchBatchInput | Sent })
  | (BatchAction<"submit_batch"> & { readonly body?: SubmitBatchInput | Sent })
  | BatchAction<"cancel_batch">
  | BatchAction<"delete_batch">
  | (BatchAction<"progress_batch"> & { readonly body: ProgressInput | Sent })
  | (BatchAction<"complete_batch"> & { readonly body: CompleteInput | Sent })
  | (BatchAction<"fail_batch"> & { readonly body: FailInput | Sent })
  | (BatchAction<"retry_batch"> & { readonly body?: RetryInput | Sent });

export type BatchResult = BatchWritten | BatchTaskWritten | BatchDeleted;

export const ListBatchesResponse = z.object({
  results: z.array(BatchResponse),
  total_count: z.number().int(),
  pagination: Pagination,
  as_of: AsOf.optional(),
});
export type ListBatchesResponse = z.infer<typeof ListBatchesResponse>;

/** A part of what is told of one batch. */
export interface BatchPartQuery {
  /** 1 to 1,000; 100 unless given. */
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

const part = { total: z.number().int(), limit: z.number().int(), offset: z.number().int() };

export const FailedDocuments = z.object({
  batch_id: z.string(),
  status: z.enum(batchStatuses),
  results: z.array(
    ObjectError.extend({
      /** The object again, where clients of the hosted API look for it. */
      document_id: z.string(),
      error_type: z.enum(errorCategories),
      /** Whether trying again may help by itself. */
      is_transient: z.boolean(),
      tier_num: z.literal(0),
      timestamp: answeredTime.optional(),
    }),
  ),
  ...part,
});
export type FailedDocuments = Readonly<z.infer<typeof FailedDocuments>>;

export const BatchLogs = z.object({
  batch_id: z.string(),
  results: z.array(
    z.object({
      timestamp: answeredTime,
      level: z.enum(["info", "warning", "error"]),
      /** The type of the event, as history has it. */
      event: z.string(),
      version: z.number().int(),
      message: z.string(),
      actor: z.string(),
      tier_num: z.literal(0),
      errors: z.array(ObjectError).optional(),
    }),
  ),
  ...part,
});
export type BatchLogs = Readonly<z.infer<typeof BatchLogs>>;

/**
 * The batches of one bucket, by their ids. What a deleted bucket holds is hidden with it; locked and
 * suspended buckets take no change to their batches, archived ones do.
 */
export interface Batches<Options extends WriteOptions = WriteOptions, Sent = never>
  extends PastReads {
  /**
   * A draft of `{object_ids, metadata?}`.
   * @throws VALIDATION_FAILED naming each id that is no object of the bucket.
   */
  create(body: CreateBatchInput | Sent, options?: Options): Promise<BatchWritten>;
  /** As it is, or with `asOf` as it was. @throws NOT_FOUND */
  get(batch: string, options?: { readonly asOf?: string | undefined }): Promise<BatchRead>;
  /** Newest first. @throws BAD_REQUEST for a page size over 1,000 or a foreign cursor. */
  list(query?: ListQuery<Sent>): Promise<ListBatchesResponse>;
  /** Replaces `metadata`. */
  patch(batch: string, patch: PatchBatchInput | Sent, options?: Options): Promise<BatchWritten>;
  /** Adds `{object_ids}` to a draft; those that are in it already are passed over. */
  addObjects(batch: string, body: AddObjectsInput | Sent, options?: Options): Promise<BatchWritten>;
  /**
   * From now on a worker may claim it.
   * @throws BAD_REQUEST for what is no draft, and when every object of it was deleted.
   */
  submit(batch: string, options?: Options): Promise<BatchTaskWritten>;
  /** Takes back what was submitted, also from a worker. @throws BAD_REQUEST for anything else. */
  cancel(batch: string, options?: Options): Promise<BatchTaskWritten>;
  /** @throws BAD_REQUEST for one that was submitted and has not finished: cancel it first. */
  delete(batch: string, options?: Options): Promise<BatchDeleted>;
  /**
   * `{claim_id, processed_count, failed_count?, lease_seconds?}`: how far the worker has come.
   * @throws CONFLICT for the report of a worker that lost the batch, here and below.
   */
  progress(batch: string, body: ProgressInput | Sent, options?: Options): Promise<BatchWritten>;
  /** `{claim_id, result?, errors?}`: any error of an object makes it COMPLETED_WITH_ERRORS. */
  complete(batch: string, body: CompleteInput | Sent, options?: Options): Promise<BatchWritten>;
  /** `{claim_id, error, error_type?, errors?}` */
  fail(batch: string, body: FailInput | Sent, options?: Options): Promise<BatchWritten>;
  /**
   * Has a worker try again what failed, under the same task; what it made of the others stays. By
   * default only faults that pass by themselves, at most three times: `{retry_mode?,
   * max_retry_count?}`. There is no undo of it: cancel the batch instead.
   * @throws BAD_REQUEST when nothing failed, or nothing of that kind, or it was tried too often.
   */
  retry(batch: string, body?: RetryInput | Sent, options?: Options): Promise<BatchWritten>;
  /** The objects that failed, each with the reason, in the order in which workers told of them. */
  failedDocuments(batch: string, query?: BatchPartQuery): Promise<FailedDocuments>;
  /** What happened to the batch, in its order: each event as a line, with the faults that it tells of. */
  logs(batch: string, query?: BatchPartQuery): Promise<BatchLogs>;
}
