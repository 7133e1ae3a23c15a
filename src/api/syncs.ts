/** The syncs of a bucket: what it is to be filled from. They are kept, and pull nothing. */
import { z } from "zod";
import { SyncResponse } from "../domain/sync/response.js";
import type { SyncTask } from "../domain/task.js";
import type { BatchDeletion } from "./batches.js";
import type { CreateSyncInput, PatchSyncInput } from "./inputs.js";
import { AsOf, type ListQuery, Pagination } from "./lists.js";
import type { PastPlace, PastReads } from "./past.js";
import type { WriteOptions, Written } from "./writes.js";

/** A sync as it is answered, with its place in the log. */
export interface SyncRead {
  readonly sync: SyncResponse;
  readonly version: number;
  /** The newest event that is folded into the answer. */
  readonly position: number;
  /** The strong entity tag, without quotes. */
  readonly tag: string;
  /** There for an answer about the past. */
  readonly past?: PastPlace;
}

export interface SyncWritten extends Written {
  readonly sync: SyncResponse;
}

export interface SyncTriggered extends Written {
  /** It has FAILED, and says why. */
  readonly task: SyncTask;
}

export interface SyncDeleted extends Written {
  readonly deletion: BatchDeletion;
}

interface SyncAction<Type extends string> {
  readonly type: Type;
  readonly bucket: string;
  /** The id of the sync. */
  readonly sync: string;
}

/** A write to a sync as data. */
export type SyncOperation<Sent = unknown> =
  | { readonly type: "create_sync"; readonly bucket: string; readonly body: CreateSyncInput | Sent }
  | (SyncAction<"patch_sync"> & { readonly patch: PatchSyncInput | Sent })
  | SyncAction<"pause_sync">
  | SyncAction<"resume_sync">
  | SyncAction<"trigger_sync">
  | SyncAction<"delete_sync">;

export type SyncResult = SyncWritten | SyncTriggered | SyncDeleted;

export const ListSyncsResponse = z.object({
  results: z.array(SyncResponse),
  total: z.number().int(),
  total_count: z.number().int(),
  pagination: Pagination,
  as_of: AsOf.optional(),
});
export type ListSyncsResponse = z.infer<typeof ListSyncsResponse>;

/** The syncs of one bucket, by their ids. What a deleted bucket holds is hidden with it. */
export interface Syncs<Options extends WriteOptions = WriteOptions, Sent = never>
  extends PastReads {
  /**
   * Keeps `{connection_id, source_path, sync_mode?, …}`.
   * @throws VALIDATION_FAILED; NOT_FOUND for a connection that is not there; BUCKET_LOCKED.
   */
  create(body: CreateSyncInput | Sent, options?: Options): Promise<SyncWritten>;
  /** As it is, or with `asOf` as it was. @throws NOT_FOUND */
  get(sync: string, options?: { readonly asOf?: string | undefined }): Promise<SyncRead>;
  /** Newest first. @throws BAD_REQUEST for a page size over 1,000 or a foreign cursor. */
  list(query?: ListQuery<Sent>): Promise<ListSyncsResponse>;
  /** A field that is there replaces the whole field; null brings its default back. */
  patch(sync: string, patch: PatchSyncInput | Sent, options?: Options): Promise<SyncWritten>;
  /** The reason of the write is that of the pause. @throws BAD_REQUEST when it is paused. */
  pause(sync: string, options?: Options): Promise<SyncWritten>;
  /** @throws BAD_REQUEST when it is not paused. */
  resume(sync: string, options?: Options): Promise<SyncWritten>;
  /**
   * Records that it was to pull now, in a task that FAILS with the reason: nothing is ever pulled.
   * @throws BAD_REQUEST while it is paused.
   */
  trigger(sync: string, options?: Options): Promise<SyncTriggered>;
  delete(sync: string, options?: Options): Promise<SyncDeleted>;
}
