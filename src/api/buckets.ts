/** The buckets of a namespace. */
import { z } from "zod";
import { BucketResponse } from "../domain/bucket/response.js";
import type { PatchMediaType } from "../domain/patch-media-type.js";
import { totalBytes } from "../domain/schemas.js";
import type { BucketDeletionTask } from "../domain/task.js";
import type {
  BucketPatches,
  CreateBucketInput,
  LockBucketInput,
  NoFields,
  PatchedWith,
  RestoreBucketInput,
  RevertInput,
  RotateSecretInput,
  UnlockBucketInput,
} from "./inputs.js";
import { AsOf, type ListQuery, Pagination } from "./lists.js";
import type { PastPlace, PastReads } from "./past.js";
import type { PatchFormat, WriteOptions, Written } from "./writes.js";

/** A bucket as it is answered, with its place in the log. */
export interface BucketAnswer {
  readonly bucket: BucketResponse;
  readonly version: number;
  /** The newest event that is folded into the answer. */
  readonly position: number;
  /** The strong entity tag, without quotes. */
  readonly tag: string;
}

export interface BucketRead extends BucketAnswer {
  /** There for an answer about the past. */
  readonly past?: PastPlace;
}

/** A bucket as it is now, for who sends it on. */
export interface CurrentBucket extends Omit<BucketAnswer, "bucket"> {
  readonly bucketId: string;
  /** What `get` answers, as JSON. */
  readonly text: string;
}

export interface BucketWritten extends Written {
  readonly bucket: BucketResponse;
}

export interface BucketDeleted extends Written {
  readonly task: BucketDeletionTask;
}

interface BucketAction<Type extends string, Body> {
  readonly type: Type;
  readonly bucket: string;
  readonly body?: Body;
}

/** A write to a bucket as data. A `bucket` is an id, or the exact name that it has by then. */
export type BucketOperation<Sent = unknown> =
  | { readonly type: "create"; readonly body: CreateBucketInput | Sent }
  | ({ readonly type: "patch"; readonly bucket: string } & PatchedWith<BucketPatches, Sent>)
  | BucketAction<"lock", LockBucketInput | Sent>
  | BucketAction<"unlock", UnlockBucketInput | Sent>
  | BucketAction<"archive", NoFields | Sent>
  | BucketAction<"activate", NoFields | Sent>
  | BucketAction<"suspend", NoFields | Sent>
  | BucketAction<"revert", RevertInput | Sent>
  | BucketAction<"restore", RestoreBucketInput | Sent>
  | BucketAction<"rotate_secret", RotateSecretInput | Sent>
  | { readonly type: "delete"; readonly bucket: string };

export const ListBucketsResponse = z.object({
  results: z.array(BucketResponse),
  total_count: z.number().int(),
  pagination: Pagination,
  stats: z.object({
    total_objects: z.number().int(),
    total_size_bytes: totalBytes,
    avg_objects_per_bucket: z.number(),
    avg_size_per_bucket: z.number(),
  }),
  as_of: AsOf.optional(),
});
export type ListBucketsResponse = z.infer<typeof ListBucketsResponse>;

/** The buckets of one namespace. A `bucket` argument is an id or the exact name. */
export interface Buckets<Options extends WriteOptions = WriteOptions, Sent = never>
  extends PastReads {
  /**
   * Creates a bucket.
   * @throws VALIDATION_FAILED, ALREADY_EXISTS when the name is taken.
   */
  create(body: CreateBucketInput | Sent, options?: Options): Promise<BucketWritten>;
  /**
   * Reads a bucket: as it is, or with `asOf` as it was at a version (`7`), position (`@1234`) or
   * time (RFC 3339 with offset, inclusive).
   * @throws NOT_FOUND, also for a point outside its history; BAD_REQUEST for a malformed point.
   */
  get(bucket: string, options?: { readonly asOf?: string | undefined }): Promise<BucketRead>;
  /**
   * Newest first. With `asOf` as it was then, by reading every bucket that there ever was, however
   * long their histories.
   * @throws BAD_REQUEST for a page size over 1,000, a foreign cursor, or a version as `asOf`;
   * NOT_FOUND for a point beyond the end.
   */
  list(query?: ListQuery<Sent>): Promise<ListBucketsResponse>;
  /**
   * Changes the patchable document; every accepted patch is one event, also one that changes
   * nothing. Resolves once the event is durable.
   * @throws NOT_FOUND, PRECONDITION_FAILED with what was missed, BUCKET_LOCKED, VALIDATION_FAILED,
   * CONFLICT for a JSON Patch that does not apply, ALREADY_EXISTS when a new name is taken.
   */
  patch<Media extends PatchMediaType = "application/json">(
    bucket: string,
    patch: BucketPatches[Media] | Sent,
    options?: Options & PatchFormat<Media>,
  ): Promise<BucketWritten>;
  /**
   * Makes the bucket read-only, until it is unlocked or `expires_at` has come.
   * @throws BUCKET_LOCKED when it is locked already; VALIDATION_FAILED for an expiry in the past.
   */
  lock(bucket: string, body?: LockBucketInput | Sent, options?: Options): Promise<BucketWritten>;
  /** @throws BAD_REQUEST when it is not locked. */
  unlock(
    bucket: string,
    body?: UnlockBucketInput | Sent,
    options?: Options,
  ): Promise<BucketWritten>;
  /**
   * Deletes the bucket: one event, however much it holds. Its name is free again, its history and
   * as-of go on under its id.
   */
  delete(bucket: string, options?: Options): Promise<BucketDeleted>;
  /** An archived bucket takes no object writes. @throws BAD_REQUEST when it is archived. */
  archive(bucket: string, options?: Options): Promise<BucketWritten>;
  /** Back to normal. @throws BAD_REQUEST when it is active. */
  activate(bucket: string, options?: Options): Promise<BucketWritten>;
  /** A suspended bucket takes no writes but `activate` and `delete`. */
  suspend(bucket: string, options?: Options): Promise<BucketWritten>;
  /**
   * Puts the document, or `fields` of it, back to a version: `{to: 7, fields?: ["/metadata/team"]}`;
   * or takes back one event: `{undo: 8}`. Always a new event; secrets stay as they are now.
   * @throws NOT_FOUND for a version beyond the head; CONFLICT with the paths when later events
   * touched what would be undone.
   */
  revert(bucket: string, body: RevertInput | Sent, options?: Options): Promise<BucketWritten>;
  /**
   * Brings a deleted bucket back under its id, with its history; `{bucket_name?}` gives it another
   * name. @throws CONFLICT when it is not deleted; ALREADY_EXISTS when the name is taken.
   */
  restore(
    bucket: string,
    body?: RestoreBucketInput | Sent,
    options?: Options,
  ): Promise<BucketWritten>;
  /**
   * Gives the source adapter another webhook secret: `{webhook_secret?, overlap_seconds?}`. One is made
   * and shown by this answer alone, unless given. The old one is taken as well for as long as they
   * overlap, a day unless said otherwise.
   * @throws BAD_REQUEST for a bucket without a source adapter.
   */
  rotateSecret(
    bucket: string,
    body?: RotateSecretInput | Sent,
    options?: Options,
  ): Promise<BucketWritten>;
}
