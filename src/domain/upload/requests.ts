/**
 * What the requests about an upload must look like, as on the hosted API. Explicit nulls stand for
 * absent fields.
 */
import { z } from "zod";
import { limits } from "../limits.js";
import { nameText, orAbsent } from "../schemas.js";
import { metadata } from "../user-data.js";
import { announcedBlobTypes } from "./events.js";

const filename = z
  .string()
  .min(1)
  .max(limits.nameLengthMax)
  .refine(
    (name) => !/[/\\\p{Cc}]/u.test(name),
    "Send a name without slashes and control characters.",
  )
  .refine((name) => name !== "." && name !== "..", "Send the name of a file.");

/** RFC 6838 names, with parameters or none. */
const contentType = z
  .string()
  .max(limits.contentTypeLengthMax)
  .regex(/^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*( *;[ -~]*)?$/i, {
    error: "Send a media type such as video/mp4.",
  });

const fileSize = z.number().int().min(1).max(limits.uploadBytesMax);

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/i, "Send a SHA-256 in hex.")
  .transform((text) => text.toLowerCase());

/** As a header shows it or bare; what its tag is made of are the bytes alone. */
const etag = z
  .string()
  .max(limits.nameLengthMax)
  .transform((text) => text.replace(/^"(.*)"$/, "$1").toLowerCase());

const id = z.string().min(1).max(limits.nameLengthMax);

export const CreateUploadRequest = z.object({
  filename,
  content_type: contentType,
  file_size_bytes: fileSize.nullish().transform(orAbsent),
  file_hash: hash.nullish().transform(orAbsent),
  metadata: metadata.nullish().transform((value) => value ?? {}),
  create_object_on_confirm: z
    .boolean()
    .nullish()
    .transform((value) => value ?? true),
  object_metadata: metadata.nullish().transform((value) => value ?? {}),
  blob_property: nameText(limits.blobPropertyLengthMax).nullish().transform(orAbsent),
  blob_type: z.enum(announcedBlobTypes).nullish().transform(orAbsent),
  skip_duplicates: z
    .boolean()
    .nullish()
    .transform((value) => value ?? true),
  presigned_url_expiration: z
    .number()
    .int()
    .min(limits.uploadSecondsMin)
    .max(limits.uploadSecondsMax)
    .nullish()
    .transform((value) => value ?? limits.uploadSecondsDefault),
});

export type CreateUploadRequest = z.output<typeof CreateUploadRequest>;

export const CreateUploadsRequest = z.object({
  uploads: z.array(CreateUploadRequest).min(1).max(limits.uploadsAtOnceMax),
  /** For every upload that does not say otherwise under the same key. */
  shared_metadata: metadata.nullish().transform((value) => value ?? {}),
  shared_object_metadata: metadata.nullish().transform((value) => value ?? {}),
});

/** Each upload with what is shared filled in. */
export function uploadsOf(request: z.output<typeof CreateUploadsRequest>) {
  return request.uploads.map((upload) => ({
    ...upload,
    metadata: { ...request.shared_metadata, ...upload.metadata },
    object_metadata: { ...request.shared_object_metadata, ...upload.object_metadata },
  }));
}

export const ConfirmUploadRequest = z.object({
  etag: etag.nullish().transform(orAbsent),
  file_hash: hash.nullish().transform(orAbsent),
  file_size_bytes: fileSize.nullish().transform(orAbsent),
});

export const ConfirmUploadsRequest = z.object({
  confirmations: z
    .array(ConfirmUploadRequest.extend({ upload_id: id }))
    .min(1)
    .max(limits.uploadsAtOnceMax),
});
