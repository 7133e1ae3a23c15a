/** What can have happened to an upload. A stored shape is never narrowed; add a type or an upcaster. */
import { z } from "zod";
import type { Change } from "../change.js";
import { diff } from "../changes.js";
import { jsonObject } from "../schemas.js";

/** What a client may say of the blob; `auto` is whatever the schema has at the property. */
export const announcedBlobTypes = [
  "auto",
  "image",
  "video",
  "audio",
  "text",
  "pdf",
  "excel",
] as const;
export type AnnouncedBlobType = (typeof announcedBlobTypes)[number];

/** What was announced: the file, and the object to make of it if any. */
export const UploadDocument = z.object({
  filename: z.string(),
  content_type: z.string(),
  /** As far as the client said them beforehand. */
  file_size_bytes: z.number().exactOptional(),
  file_hash: z.string().exactOptional(),
  metadata: jsonObject,
  create_object_on_confirm: z.boolean(),
  object_metadata: jsonObject,
  blob_property: z.string(),
  blob_type: z.enum(announcedBlobTypes).exactOptional(),
  /** Absent in those from before duplicates were looked for. */
  skip_duplicates: z.boolean().exactOptional(),
});
export type UploadDocument = Readonly<z.infer<typeof UploadDocument>>;

/** A request to confirm several uploads, as each of those says that was confirmed by it. */
export const UploadConfirmation = z.object({
  task_id: z.string(),
  /** How many were to be confirmed. */
  asked: z.number(),
});
export type UploadConfirmation = Readonly<z.infer<typeof UploadConfirmation>>;

/** What there was already of what was announced; the upload is skipped for it. */
const duplicates = {
  /** A confirmed upload of the bucket with the bytes that were announced. */
  duplicate_of_upload_id: z.string().exactOptional(),
  /** The object that has the unique key of the one that would be made. */
  existing_object_id: z.string().exactOptional(),
};

export const UploadEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("upload.created"),
    data: z.object({ document: UploadDocument, expires_at: z.string(), ...duplicates }),
  }),
  z.object({
    type: z.literal("upload.confirmed"),
    data: z.object({
      /** SHA-256 of the stored bytes, lower-case hex. */
      hash: z.string(),
      size_bytes: z.number(),
      /** The object that the same transaction makes of it. */
      object_id: z.string().optional(),
      /** There when it was confirmed together with others. */
      confirmation: UploadConfirmation.exactOptional(),
    }),
  }),
  z.object({ type: z.literal("upload.deleted"), data: z.object({}) }),
]);
export type UploadEvent = Readonly<z.infer<typeof UploadEvent>>;

/** What the event did to the document, for history. */
export function uploadChanges(event: UploadEvent): readonly Change[] {
  switch (event.type) {
    case "upload.created":
      return diff({}, event.data.document);
    case "upload.confirmed":
    case "upload.deleted":
      return [];
  }
}
