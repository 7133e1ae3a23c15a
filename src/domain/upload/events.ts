/** What can have happened to an upload. A stored shape is never narrowed; add a type or an upcaster. */
import { z } from "zod";
import { type Change, diff } from "../changes.js";
import { jsonObject } from "../schemas.js";

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
});
export type UploadDocument = Readonly<z.infer<typeof UploadDocument>>;

export const UploadEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("upload.created"),
    data: z.object({ document: UploadDocument, expires_at: z.string() }),
  }),
  z.object({
    type: z.literal("upload.confirmed"),
    data: z.object({
      /** SHA-256 of the stored bytes, lower-case hex. */
      hash: z.string(),
      size_bytes: z.number(),
      /** The object that the same transaction makes of it. */
      object_id: z.string().optional(),
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
