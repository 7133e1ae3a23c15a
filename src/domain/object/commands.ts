/**
 * What can be asked of an object. Blobs are decoded, measured and stored before a command is made:
 * in its fields and patches each stands as a reference, `{blob_id}`, to one that the command brings
 * or that the object has (`requests.ts`).
 */
import type { Policy } from "../bucket/choices.js";
import type { JsonObject, JsonValue } from "../json.js";
import type { PatchMediaType } from "../patch-media-type.js";
import type { PreparedBlob } from "./blobs.js";
import type { ObjectEvent, ObjectSource, SentHandling } from "./events.js";

interface BringsBlobs {
  /** Refuse a field that the schema does not describe, although it is open to them. */
  readonly isStrict?: boolean;
  readonly sourceHandling?: SentHandling | undefined;
  readonly blobs: readonly PreparedBlob[];
  /** A blob whose content the object has already, at the same property, is not added again. */
  readonly skipDuplicates: boolean;
}

/** What an object of a source is known by: its unique key is made of the fields. */
export interface SourceRow {
  readonly identity: string | undefined;
  readonly fields: JsonObject;
}

/** Makes an object or, by its policy, updates the one that holds the key as `put_object` does. */
export interface CreateObject extends BringsBlobs {
  readonly type: "create_object";
  readonly policy: Policy | undefined;
  readonly fields: JsonObject;
  /** There when a source adapter makes it: it then also changes the object about the same thing. */
  readonly source?: ObjectSource;
  /** What the thing was known by before, if the source says so: that object is changed then. */
  readonly former?: SourceRow;
  /** The upload that it is made of, which the command right after confirms. */
  readonly confirms?: string;
}

/** Merges: `metadata` key by key, `blobs` property by property; other fields are replaced. */
export interface PutObject extends BringsBlobs {
  readonly type: "put_object";
  readonly fields: JsonObject;
}

export interface PatchObject extends BringsBlobs {
  readonly type: "patch_object";
  readonly mediaType: PatchMediaType;
  readonly patch: JsonValue;
}

interface DeleteObject {
  readonly type: "delete_object";
}

/** Deletes the object of a source, which is found as `create_object` finds it. */
interface RemoveObject {
  readonly type: "remove_object";
  readonly former: SourceRow;
  readonly source: ObjectSource;
}

interface RevertObject {
  readonly type: "revert_object";
  readonly to: number;
  /** The document of that version: the past does not change, so it travels with the command. */
  readonly document: JsonObject;
  /** JSON Pointers; the whole document unless given. */
  readonly fields: readonly string[] | undefined;
}

interface UndoObject {
  readonly type: "undo_object";
  readonly undo: number;
  /** The event of that version. */
  readonly event: ObjectEvent;
  /** What later events changed, up to the version that the command was made for. */
  readonly laterPaths: readonly string[];
  readonly readAt: number;
}

interface RestoreObject {
  readonly type: "restore_object";
}

export type ObjectCommand =
  | CreateObject
  | PutObject
  | PatchObject
  | DeleteObject
  | RemoveObject
  | RevertObject
  | UndoObject
  | RestoreObject;
