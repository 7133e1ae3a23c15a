/** What can be asked of an upload. Times, and what was found where the bytes are kept, arrive as data. */
import type { JsonObject } from "../json.js";
import type { AnnouncedBlobType, UploadConfirmation } from "./events.js";

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
  readonly blobType: AnnouncedBlobType | undefined;
  readonly lifetimeMs: number;
  readonly skipDuplicates: boolean;
  readonly duplicates: UploadDuplicates;
}

/** What was found of what is announced; whether it still is there is decided. */
export interface UploadDuplicates {
  /** A confirmed upload of the bucket with the same bytes. */
  readonly upload?: string | undefined;
  /** The object that has the unique key of the one that would be made. */
  readonly object?: string | undefined;
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
  /** The request that confirms it together with others. */
  readonly confirmation?: UploadConfirmation | undefined;
}

interface DeleteUpload {
  readonly type: "delete_upload";
}

export type UploadCommand = CreateUpload | ConfirmUpload | DeleteUpload;
