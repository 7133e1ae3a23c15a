/** What can be asked of a bucket. Time, ids and references arrive as data. */
import type { JsonObject, JsonValue } from "../json.js";
import type { PatchMediaType } from "../patch-media-type.js";
import type { UniqueKey } from "./bucket-schema.js";
import type { BucketEvent } from "./events.js";
import type { SecretReferences } from "./secrets.js";

export interface CreateBucket {
  readonly type: "create_bucket";
  /** The fields of the patchable document, checked and normalised. */
  readonly fields: JsonObject;
  readonly uniqueKey: UniqueKey | undefined;
  readonly secrets: SecretReferences;
}

export interface PatchBucket {
  readonly type: "patch_bucket";
  readonly mediaType: PatchMediaType;
  readonly patch: JsonValue;
  readonly secrets: SecretReferences;
}

export interface LockBucket {
  readonly type: "lock_bucket";
  readonly reason: string | undefined;
  readonly expiresAt: string | undefined;
}

interface UnlockBucket {
  readonly type: "unlock_bucket";
}

/** Moves the lifecycle. */
interface ArchiveBucket {
  readonly type: "archive_bucket";
}

interface ActivateBucket {
  readonly type: "activate_bucket";
}

interface SuspendBucket {
  readonly type: "suspend_bucket";
}

interface DeleteBucket {
  readonly type: "delete_bucket";
  readonly taskId: string;
}

interface RevertBucket {
  readonly type: "revert_bucket";
  readonly to: number;
  /** The document of that version: the past does not change, so it travels with the command. */
  readonly document: JsonObject;
  /** JSON Pointers; the whole document unless given. */
  readonly fields: readonly string[] | undefined;
  readonly secrets: SecretReferences;
}

interface UndoEvent {
  readonly type: "undo_event";
  readonly undo: number;
  /** The event of that version. */
  readonly event: BucketEvent;
  /** What later events changed, up to the version that the command was made for. */
  readonly laterPaths: readonly string[];
  readonly readAt: number;
  readonly secrets: SecretReferences;
}

export interface RotateSecret {
  readonly type: "rotate_secret";
  /** The reference of the new secret. */
  readonly reference: string;
  /** How long the old one is taken as well. */
  readonly overlapMs: number;
}

export interface RestoreBucket {
  readonly type: "restore_bucket";
  readonly bucketName: string | undefined;
}

export type BucketCommand =
  | CreateBucket
  | PatchBucket
  | LockBucket
  | UnlockBucket
  | ArchiveBucket
  | ActivateBucket
  | SuspendBucket
  | DeleteBucket
  | RevertBucket
  | UndoEvent
  | RestoreBucket
  | RotateSecret;
