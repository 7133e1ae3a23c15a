/** The objects of a bucket. */
import { z } from "zod";
import type { AggregateResponse } from "../domain/aggregate/aggregate.js";
import type { BlobStream, ByteRange } from "../domain/blob.js";
import type { Policy } from "../domain/bucket/choices.js";
import type { BucketsError } from "../domain/errors.js";
import type { BlobDescription } from "../domain/object/blob-answers.js";
import type { ObjectResponse } from "../domain/object/response.js";
import { ObjectStatus } from "../domain/object/state.js";
import type { PatchMediaType } from "../domain/patch-media-type.js";
import { jsonObject, totalBytes } from "../domain/schemas.js";
import type {
  AggregateInput,
  CreateObjectInput,
  ObjectPatches,
  PatchedWith,
  PutObjectInput,
  RevertInput,
} from "./inputs.js";
import { AsOf, type ListQuery, Pagination } from "./lists.js";
import type { PastPlace, PastReads } from "./past.js";
import type { PatchFormat, ServedWriteOptions, WriteOptions, Written } from "./writes.js";

/** An object as it is answered, with its place in the log. */
interface ObjectAnswer {
  readonly object: ObjectResponse;
  readonly version: number;
  /** The newest event that is folded into the answer. */
  readonly position: number;
  /** The strong entity tag, without quotes. */
  readonly tag: string;
}

export interface ObjectRead extends ObjectAnswer {
  /** There for an answer about the past. */
  readonly past?: PastPlace;
}

export interface ObjectWritten extends Written {
  readonly object: ObjectResponse;
}

export interface ObjectFormat {
  /**
   * What to do when the unique key is taken: refuse (`insert`), change what is there (`update`, which
   * needs it to be there), or either (`upsert`). The bucket's default policy unless given.
   */
  readonly policy?: Policy | undefined;
}

export interface ProcessingFormat {
  /**
   * Make a batch of the object as well, and submit it: all three or none. What becomes of it is told
   * by the list of tasks.
   */
  readonly autoProcess?: boolean | undefined;
}

/** What came of objects that were made together: each by itself, in one commit. */
export interface ObjectsCreated {
  /** Those that were accepted, in their order. */
  readonly succeeded: readonly ObjectWritten[];
  readonly failed: readonly ObjectRefused[];
}

export interface ObjectRefused {
  /** Its place in the request, from 0. */
  readonly index: number;
  readonly error: BucketsError;
}

interface ObjectAction<Type extends string> {
  readonly type: Type;
  readonly bucket: string;
  /** The id of the object. */
  readonly object: string;
}

/** A write to an object as data. */
export type ObjectOperation<Sent = unknown> =
  | ({
      readonly type: "create_object";
      readonly bucket: string;
      readonly body: CreateObjectInput | Sent;
    } & ObjectFormat &
      ProcessingFormat)
  | (ObjectAction<"put_object"> & { readonly body: PutObjectInput | Sent })
  | (ObjectAction<"patch_object"> & PatchedWith<ObjectPatches, Sent>)
  | (ObjectAction<"revert_object"> & { readonly body: RevertInput | Sent })
  | ObjectAction<"restore_object">
  | ObjectAction<"delete_object">;

export interface ObjectGetOptions {
  readonly asOf?: string | undefined;
  /** Whether blobs show a signed URL of their bytes, which needs no token. */
  readonly showUrls?: boolean | undefined;
}

export interface ObjectListQuery<Sent = never> extends ListQuery<Sent> {
  /** The fields to answer, dotted; all unless given. The id is always there. */
  readonly select?: readonly string[] | null | undefined;
  /** Whether the blobs in the bucket are counted, which looks at each of its objects. */
  readonly countBlobs?: boolean | undefined;
}

export const ListObjectsResponse = z.object({
  /** With `select`, as much of each as was asked for. */
  results: z.array(jsonObject),
  pagination: Pagination,
  /** Of all in the bucket. */
  stats: z.object({
    total_objects: z.number().int(),
    total_size_bytes: totalBytes,
    objects_by_status: z.partialRecord(ObjectStatus, z.number().int()),
    total_blobs: z.number().int().optional(),
    avg_blobs_per_object: z.number().optional(),
  }),
  as_of: AsOf.optional(),
});
export type ListObjectsResponse = z.infer<typeof ListObjectsResponse>;

/**
 * The objects of one bucket, by their ids. What a deleted bucket holds is hidden with it, and comes
 * back with it; the history of an object goes on after its deletion.
 */
export interface Objects<Options extends WriteOptions = WriteOptions, Sent = never>
  extends PastReads {
  /**
   * Makes an object, or changes the one that holds its unique key, as the policy says. Bytes are
   * stored before the write queues, and are durable once it resolves.
   * @throws VALIDATION_FAILED for what does not fit the bucket's schema; ALREADY_EXISTS, NOT_FOUND
   * and BAD_REQUEST by policy; BUCKET_LOCKED when the bucket is locked, suspended or archived.
   */
  create(
    body: CreateObjectInput | Sent,
    options?: Options & ObjectFormat & ProcessingFormat,
  ): Promise<ObjectWritten>;
  /** Makes up to 100 objects in one commit; each is accepted or refused by itself. */
  createMany(
    bodies: readonly (CreateObjectInput | Sent)[],
    options?: Options & ObjectFormat & ProcessingFormat,
  ): Promise<ObjectsCreated>;
  /**
   * As it is, or with `asOf` as it was. With `showUrls`, and where there is a server, the properties
   * of each blob whose bytes are here have a `presigned_url`, which gives them for an hour.
   * @throws NOT_FOUND
   */
  get(object: string, options?: ObjectGetOptions): Promise<ObjectRead>;
  /** Newest first. @throws BAD_REQUEST for a page size over 1,000 or a foreign cursor. */
  list(query?: ObjectListQuery<Sent>): Promise<ListObjectsResponse>;
  /** Merges: metadata key by key, blobs property by property; other fields are replaced. */
  put(object: string, body: PutObjectInput | Sent, options?: Options): Promise<ObjectWritten>;
  /** Changes the document; every accepted patch is one event. */
  patch<Media extends PatchMediaType = "application/json">(
    object: string,
    patch: ObjectPatches[Media] | Sent,
    options?: Options & PatchFormat<Media>,
  ): Promise<ObjectWritten>;
  /** Its unique key is free again. */
  delete(object: string, options?: Options): Promise<ObjectWritten>;
  /** As for buckets: `{to, fields?}` or `{undo}`. */
  revert(object: string, body: RevertInput | Sent, options?: Options): Promise<ObjectWritten>;
  /** Brings a deleted object back. @throws ALREADY_EXISTS when its key was taken meanwhile. */
  restore(object: string, options?: Options): Promise<ObjectWritten>;
  /** Groups and computes; see the OpenAPI document. @throws VALIDATION_FAILED */
  aggregate(body: AggregateInput | Sent): Promise<AggregateResponse>;
  /**
   * The bytes of a blob that the object has, or with `asOf` had.
   * @throws NOT_FOUND, also for a URL, which is recorded and never fetched.
   */
  blob(
    object: string,
    blobId: string,
    options?: { readonly asOf?: string | undefined },
  ): Promise<BlobAnswer>;
}

/** What is known of the bytes of a blob, and a way to them. */
export interface BlobAnswer extends BlobDescription {
  /**
   * All of it, or a range. What is not read to its end is to be ended: a `for await` does so.
   * @throws FILE_INVALID when the bytes are lost.
   */
  read(range?: ByteRange): Promise<AsyncIterable<Uint8Array>>;
}

export interface ServedObjects<Sent = unknown> extends Objects<ServedWriteOptions, Sent> {
  blob(
    object: string,
    blobId: string,
    options?: { readonly asOf?: string | undefined },
  ): Promise<ServedBlob>;
}

export interface ServedBlob extends BlobDescription {
  read(range?: ByteRange): Promise<BlobStream>;
}
