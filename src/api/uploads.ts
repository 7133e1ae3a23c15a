/** Uploads: bytes for objects that arrive by themselves, under a URL of their own. */
import { z } from "zod";
import type { BucketsError } from "../domain/errors.js";
import { UploadResponse } from "../domain/upload/response.js";
import { uploadStatuses } from "../domain/upload/state.js";
import type {
  ConfirmUploadInput,
  ConfirmUploadsInput,
  CreateUploadInput,
  CreateUploadsInput,
} from "./inputs.js";
import { AsOf, type ListQuery, Pagination } from "./lists.js";
import type { PastPlace, PastReads } from "./past.js";
import type { ServedWriteOptions, WriteOptions, Written } from "./writes.js";

/** An upload as it is answered, with its place in the log. */
export interface UploadRead {
  readonly upload: UploadResponse;
  readonly version: number;
  /** The newest event that is folded into the answer. */
  readonly position: number;
  /** The strong entity tag, without quotes; another one once it has expired. */
  readonly tag: string;
  /** There for an answer about the past. */
  readonly past?: PastPlace;
}

export interface UploadWritten extends Written {
  readonly upload: UploadResponse;
}

/** What came of uploads that were made or confirmed together, each by itself. */
export interface UploadsWritten {
  /** Those that were accepted, in their order. */
  readonly succeeded: readonly UploadWritten[];
  readonly failed: readonly UploadRefused[];
}

interface UploadRefused {
  /** Its place in the request, from 0. */
  readonly index: number;
  readonly error: BucketsError;
}

/** A `Blob`, such as a `File` that was dropped on a page, or the parts of what is read elsewhere. */
export type UploadBytes = Blob | AsyncIterable<Uint8Array>;

export interface ReceiveOptions {
  /** Told, again and again, how many of the bytes are on their way. */
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
}

export interface UploadGetOptions {
  readonly asOf?: string | undefined;
  /** Whether a signed URL, which needs no token, gives the bytes that were confirmed. */
  readonly showDownload?: boolean | undefined;
}

/** What arrived under the URL of an upload. */
export const ReceivedBytes = z.object({
  upload_id: z.string(),
  /** SHA-256, lower-case hex. */
  file_hash: z.string(),
  file_size_bytes: z.number().int(),
});
export type ReceivedBytes = Readonly<z.infer<typeof ReceivedBytes>>;

/** A write to an upload as data. A confirmation is none: it is about bytes that came another way. */
export type UploadOperation<Sent = unknown> =
  | {
      readonly type: "create_upload";
      readonly bucket: string;
      readonly body: CreateUploadInput | Sent;
    }
  | { readonly type: "delete_upload"; readonly bucket: string; readonly upload: string };

export const ListUploadsResponse = z.object({
  results: z.array(UploadResponse),
  total_count: z.number().int(),
  pagination: Pagination,
  /** Of all uploads of the bucket, whatever was searched. */
  stats: z.object({
    total_uploads: z.number().int(),
    total_size_bytes: z.number().int(),
    uploads_by_status: z.partialRecord(z.enum(uploadStatuses), z.number().int()),
    avg_file_size_bytes: z.number(),
    unique_buckets: z.number().int(),
  }),
  as_of: AsOf.optional(),
});
export type ListUploadsResponse = z.infer<typeof ListUploadsResponse>;

/** The uploads of one bucket, by their ids. What a deleted bucket holds is hidden with it. */
export interface Uploads<Options extends WriteOptions = WriteOptions, Sent = never>
  extends PastReads {
  /**
   * Announces `{filename, content_type, file_size_bytes?, file_hash?, …}`. A server adds the URL that
   * takes the bytes, for as long as the upload waits for them.
   * @throws VALIDATION_FAILED; BUCKET_LOCKED when the bucket takes no objects.
   */
  create(body: CreateUploadInput | Sent, options?: Options): Promise<UploadWritten>;
  /** Up to 100, `{uploads, shared_metadata?, …}`, in one commit; each is accepted or refused by itself. */
  createMany(body: CreateUploadsInput | Sent, options?: Options): Promise<UploadsWritten>;
  /**
   * Keeps the bytes, durably once it resolves, in place of what arrived before. Nothing is recorded
   * until they are confirmed.
   * @throws BAD_REQUEST for another length than was announced, CONFLICT for an upload that is over.
   */
  receive(upload: string, bytes: UploadBytes, options?: ReceiveOptions): Promise<ReceivedBytes>;
  /**
   * Makes the upload final, `{etag?, file_hash?, file_size_bytes?}`, and the object of it, unless it
   * said otherwise: both or neither.
   * @throws BAD_REQUEST when nothing arrived or it is over; VALIDATION_FAILED for other bytes than
   * were announced; and what the object is refused with.
   */
  confirm(
    upload: string,
    body?: ConfirmUploadInput | Sent,
    options?: Options,
  ): Promise<UploadWritten>;
  /** `{confirmations: [{upload_id, …}]}`: each is accepted or refused by itself. */
  confirmMany(body: ConfirmUploadsInput | Sent, options?: Options): Promise<UploadsWritten>;
  /**
   * As it is, or with `asOf` as it was. With `showDownload`, and where there is a server, what was
   * confirmed has a `presigned_url` too, which gives its bytes for an hour.
   * @throws NOT_FOUND
   */
  get(upload: string, options?: UploadGetOptions): Promise<UploadRead>;
  /** Newest first. @throws BAD_REQUEST for a page size over 1,000 or a foreign cursor. */
  list(query?: ListQuery<Sent>): Promise<ListUploadsResponse>;
  /** What was confirmed stays with the objects that have it. */
  delete(upload: string, options?: Options): Promise<UploadWritten>;
}

export interface ServedUploads<Sent = unknown> extends Uploads<ServedWriteOptions, Sent> {
  /** @param options.showDownload whether signed URLs give what was confirmed. */
  list(
    query?: ListQuery<Sent>,
    options?: { readonly showDownload?: boolean },
  ): Promise<ListUploadsResponse>;
  /** @param options.showUrl whether the caller may send the bytes. */
  get(
    upload: string,
    options?: UploadGetOptions & { readonly showUrl?: boolean },
  ): Promise<UploadRead>;
}

/** The right to download one content, as its URL carries it in place of a token. */
export interface SignedDownload {
  readonly hash: string;
  readonly sizeBytes: number;
  readonly mimeType: string | undefined;
  readonly filename: string | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly signature: string;
}

/** Bytes that come with the signature of the URL in place of a token. */
export interface SignedBytes {
  readonly uploadId: string;
  readonly signature: string;
  readonly contentType: string;
  /** Begins to read, once it is clear that it may: no more bytes than these, or exactly so many. */
  readonly read: (limits: {
    readonly maxBytes: number;
    readonly expectedBytes?: number;
  }) => AsyncIterable<Uint8Array>;
}
