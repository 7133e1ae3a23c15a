/** What can be asked of an upload. Times, and what was found where the bytes are kept, arrive as data. */
import type { JsonObject } from "../json.js";

export interface CreateUpload {
  readonly type: "create_upload";
  readonly filename: string;
  readonly contentType: string;
  readonly sizeBytes: number | undefined;
  readonly hash: string | undefined;
  readonly metadata: JsonObject;
  readonly createObject: boolean;
  readonly objectMetadata: JsonObject;
  /** The file's name without its extension unless given. */
  readonly blobProperty: string | undefined;
  readonly lifetimeMs: number;
}

export interface StoredBytes {
  /** SHA-256, lower-case hex; also the entity tag under which they were stored. */
  readonly hash: string;
  readonly sizeBytes: number;
}

export interface ConfirmUpload {
  readonly type: "confirm_upload";
  /** What arrived under the upload's URL; undefined when nothing did. */
  readonly stored: StoredBytes | undefined;
  /** What the client says that it sent. */
  readonly etag: string | undefined;
  readonly hash: string | undefined;
  readonly sizeBytes: number | undefined;
}

interface DeleteUpload {
  readonly type: "delete_upload";
}

export type UploadCommand = CreateUpload | ConfirmUpload | DeleteUpload;
