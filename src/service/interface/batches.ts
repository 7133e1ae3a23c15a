/** The batches of a bucket, and the protocol of the workers that process them. */
import { z } from "zod";
import { BatchResponse } from "../../domain/batch/response.js";
import type { TaskResponse } from "../../domain/task.js";
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

export interface BatchSubmitted extends Written {
  /** What goes on from now on; a worker ends it. */
  readonly task: TaskResponse;
}

export const BatchDeletion = z.object({ message: z.string(), success: z.literal(true) });

export interface BatchDeleted extends Written {
  readonly deletion: z.infer<typeof BatchDeletion>;
}

interface BatchAction<Type extends string> {
  readonly type: Type;
  readonly bucket: string;
  /** The id of the batch. */
  readonly batch: string;
}

/** A write to a batch as data. */
export type BatchOperation =
  | { readonly type: "create_batch"; readonly bucket: string; readonly body: unknown }
  | (BatchAction<"add_batch_objects"> & { readonly body: unknown })
  | (BatchAction<"patch_batch"> & { readonly patch: unknown })
  | BatchAction<"submit_batch">
  | BatchAction<"cancel_batch">
  | BatchAction<"delete_batch">
  | (BatchAction<"progress_batch"> & { readonly body: unknown })
  | (BatchAction<"complete_batch"> & { readonly body: unknown })
  | (BatchAction<"fail_batch"> & { readonly body: unknown });

export type BatchResult = BatchWritten | BatchSubmitted | BatchDeleted;

export const ListBatchesResponse = z.object({
  results: z.array(BatchResponse),
  total_count: z.number().int(),
  pagination: Pagination,
  as_of: AsOf.optional(),
});
export type ListBatchesResponse = z.infer<typeof ListBatchesResponse>;

/**
 * The batches of one bucket, by their ids. What a deleted bucket holds is hidden with it; locked and
 * suspended buckets take no change to their batches, archived ones do.
 */
export interface Batches<Options extends WriteOptions = WriteOptions> extends PastReads {
  /**
   * A draft of `{object_ids, metadata?}`.
   * @throws VALIDATION_FAILED naming each id that is no object of the bucket.
   */
  create(body: unknown, options?: Options): Promise<BatchWritten>;
  /** As it is, or with `asOf` as it was. @throws NOT_FOUND */
  get(batch: string, options?: { readonly asOf?: string | undefined }): Promise<BatchRead>;
  /** Newest first. @throws BAD_REQUEST for a page size over 1,000 or a foreign cursor. */
  list(query?: ListQuery): Promise<ListBatchesResponse>;
  /** Replaces `metadata`. */
  patch(batch: string, patch: unknown, options?: Options): Promise<BatchWritten>;
  /** Adds `{object_ids}` to a draft; those that are in it already are passed over. */
  addObjects(batch: string, body: unknown, options?: Options): Promise<BatchWritten>;
  /** From now on a worker may claim it. @throws BAD_REQUEST for what is no draft. */
  submit(batch: string, options?: Options): Promise<BatchSubmitted>;
  /** Takes back what was submitted, also from a worker. */
  cancel(batch: string, options?: Options): Promise<BatchWritten>;
  /** @throws BAD_REQUEST for one that was submitted and has not finished: cancel it first. */
  delete(batch: string, options?: Options): Promise<BatchDeleted>;
  /**
   * `{claim_id, processed_count, failed_count?, lease_seconds?}`: how far the worker has come.
   * @throws CONFLICT for the report of a worker that lost the batch, here and below.
   */
  progress(batch: string, body: unknown, options?: Options): Promise<BatchWritten>;
  /** `{claim_id, result?, errors?}`: any error of an object makes it COMPLETED_WITH_ERRORS. */
  complete(batch: string, body: unknown, options?: Options): Promise<BatchWritten>;
  /** `{claim_id, error}` */
  fail(batch: string, body: unknown, options?: Options): Promise<BatchWritten>;
}
