/** An upload as it is answered: a view of its state at a moment, with the fields of the hosted API. */
import { z } from "zod";
import type { FieldCatalog } from "../filter/fields.js";
import { type JsonObject, withoutAbsent } from "../json.js";
import { answeredTime, jsonObject } from "../schemas.js";
import { skippedBecause } from "./decide.js";
import { announcedBlobTypes } from "./events.js";
import { type UploadState, uploadStatusAt, uploadStatuses } from "./state.js";

export const UploadResponse = z.object({
  upload_id: z.string(),
  bucket_id: z.string(),
  filename: z.string(),
  content_type: z.string(),
  /** Announced before it is confirmed, and stored after, like the hash. */
  file_size_bytes: z.number().int().optional(),
  file_hash: z.string().optional(),
  metadata: jsonObject,
  create_object_on_confirm: z.boolean(),
  object_metadata: jsonObject,
  blob_property: z.string(),
  blob_type: z.enum(announcedBlobTypes).optional(),
  /** Where a store of objects would keep it; the bytes themselves lie by their hash. */
  s3_key: z.string(),
  skip_duplicates: z.boolean(),
  is_duplicate: z.boolean(),
  duplicate_of_upload_id: z.string().optional(),
  skipped_unique_key: z.boolean(),
  existing_object_id: z.string().optional(),
  /** Why it takes no bytes, when it was skipped. */
  message: z.string().optional(),
  /** Takes its bytes while it waits for them; gives them afterwards, to who asks for that. */
  presigned_url: z.string().optional(),
  /** In seconds. */
  presigned_url_expiration: z.number().int(),
  status: z.enum(uploadStatuses),
  etag: z.string().optional(),
  object_id: z.string().optional(),
  created_at: answeredTime,
  updated_at: answeredTime,
  expires_at: answeredTime,
  completed_at: answeredTime.optional(),
  /** When the bytes were compared with what was announced: as it is confirmed. */
  verified_at: answeredTime.optional(),
  /** Of the request that confirmed it together with others. */
  task_id: z.string().optional(),
});
export type UploadResponse = Readonly<z.infer<typeof UploadResponse>>;

export const uploadCatalog: FieldCatalog = {
  names: Object.keys(UploadResponse.shape),
  times: ["created_at", "updated_at", "expires_at", "completed_at", "verified_at"],
};

interface AnsweredWith {
  /** The moment that the answer is about, milliseconds. */
  readonly at: number;
  /** The URL that takes the bytes, for those who may send them: it is not for lists and the past. */
  readonly presignedUrl?: string | undefined;
  /** The URL that gives the bytes once they are confirmed. */
  readonly downloadUrl?: string | undefined;
}

export function renderUpload(state: UploadState, beside: AnsweredWith): UploadResponse {
  return UploadResponse.parse(uploadFields(state, beside));
}

/** The strong entity tag without quotes: the version, and `.e` once it has expired. */
export function uploadTag(state: UploadState, at: number): string {
  return `${state.version}${uploadStatusAt(state, at) === "FAILED" ? ".e" : ""}`;
}

/** The answer before it is checked, which a list needs of every upload that it looks at. */
export function uploadFields(
  state: UploadState,
  { at, presignedUrl, downloadUrl }: AnsweredWith,
): JsonObject {
  const { document } = state;
  const status = uploadStatusAt(state, at);
  const lifetimeMs = Date.parse(state.expires_at) - Date.parse(state.created_at);
  return withoutAbsent({
    ...document,
    upload_id: state.upload_id,
    bucket_id: state.bucket_id,
    file_size_bytes: state.size_bytes ?? document.file_size_bytes,
    file_hash: state.hash ?? document.file_hash,
    s3_key: `${state.bucket_id}/${state.upload_id}/${document.filename}`,
    skip_duplicates: document.skip_duplicates ?? false,
    is_duplicate: state.duplicate_of_upload_id !== undefined,
    duplicate_of_upload_id: state.duplicate_of_upload_id,
    skipped_unique_key: state.existing_object_id !== undefined,
    existing_object_id: state.existing_object_id,
    message: status === "SKIPPED" ? `Skipped: ${skippedBecause(state)}.` : undefined,
    presigned_url: status === "PENDING" ? presignedUrl : downloadUrl,
    presigned_url_expiration: lifetimeMs / 1_000,
    status,
    etag: state.hash,
    object_id: state.object_id,
    created_at: state.created_at,
    updated_at: state.updated_at,
    expires_at: state.expires_at,
    completed_at: state.completed_at,
    verified_at: state.completed_at,
    task_id: state.confirmation?.task_id,
  });
}
