/**
 * What programs send, as types: made of the schemas that check it, so that a name that is none does not
 * compile. What a server passes on it has not looked at yet, and so is `unknown`; that is what `Sent`
 * is for in the types beside this file.
 */
import type { z } from "zod";
import type { AggregateRequest } from "../domain/aggregate/request.js";
import type {
  AddObjectsRequest,
  ClaimRequest,
  CompleteRequest,
  CreateBatchRequest,
  FailRequest,
  PatchBatchRequest,
  ProgressRequest,
  RetryRequest,
  SubmitRequest,
} from "../domain/batch/requests.js";
import type { CreateBucketRequest, PatchBucketRequest } from "../domain/bucket/document.js";
import type {
  LockBucketRequest,
  RotateSecretRequest,
  UnlockBucketRequest,
} from "../domain/bucket/requests.js";
import type { RestoreBucketRequest } from "../domain/bucket/revert.js";
import type {
  CreateConnectionRequest,
  PatchConnectionRequest,
} from "../domain/connection/requests.js";
import type { JsonObject, JsonValue } from "../domain/json.js";
import type { JsonPatch } from "../domain/json-patch.js";
import type {
  CreateNamespaceRequest,
  PatchNamespaceRequest,
} from "../domain/namespace/requests.js";
import type { CreateObjectRequest, PatchObjectRequest } from "../domain/object/requests.js";
import type { PatchMediaType } from "../domain/patch-media-type.js";
import type { RevertRequest } from "../domain/revert.js";
import type { CreateSyncRequest, PatchSyncRequest } from "../domain/sync/requests.js";
import type {
  ConfirmUploadRequest,
  ConfirmUploadsRequest,
  CreateUploadRequest,
  CreateUploadsRequest,
} from "../domain/upload/requests.js";
import type { PatchFormat } from "./writes.js";

/** The same, and nothing of it is changed: what is frozen can be sent as well. */
type Unchanged<Value> = JsonValue extends Value
  ? Value
  : Value extends object
    ? string extends keyof Value
      ? Value
      : { readonly [Name in keyof Value]: Unchanged<Value[Name]> }
    : Value;

/** What a schema takes. */
export type Input<Schema extends z.ZodType> = Unchanged<z.input<Schema>>;

/** What a change of a document is sent as, by its media type; the first unless one is given. */
interface Patches<Fields> {
  readonly "application/json": Fields;
  readonly "application/merge-patch+json": JsonObject;
  readonly "application/json-patch+json": Input<typeof JsonPatch>;
}

/** A patch in an operation, with the media type that says how it is to be understood. */
export type PatchedWith<By, Sent> = {
  readonly [Media in keyof By & PatchMediaType]: {
    readonly patch: By[Media] | Sent;
  } & (Media extends "application/json" ? PatchFormat<Media> : { readonly mediaType: Media });
}[keyof By & PatchMediaType];

export type NoFields = Readonly<Record<string, never>>;

export type CreateBucketInput = Input<typeof CreateBucketRequest>;
export type BucketPatches = Patches<Input<typeof PatchBucketRequest>>;
export type LockBucketInput = Input<typeof LockBucketRequest>;
export type UnlockBucketInput = Input<typeof UnlockBucketRequest>;
export type RestoreBucketInput = Input<typeof RestoreBucketRequest>;
export type RotateSecretInput = Input<typeof RotateSecretRequest>;

/** `{to, fields?}` or `{undo}`. */
export type RevertInput = Input<typeof RevertRequest>;

export type CreateObjectInput = Input<typeof CreateObjectRequest>;
export type PutObjectInput = Input<typeof PatchObjectRequest>;
export type ObjectPatches = Patches<PutObjectInput>;
export type AggregateInput = Input<typeof AggregateRequest>;

export type CreateBatchInput = Input<typeof CreateBatchRequest>;
export type AddObjectsInput = Input<typeof AddObjectsRequest>;
export type PatchBatchInput = Input<typeof PatchBatchRequest>;
export type SubmitBatchInput = Input<typeof SubmitRequest>;
export type ClaimInput = Input<typeof ClaimRequest>;
export type ProgressInput = Input<typeof ProgressRequest>;
export type CompleteInput = Input<typeof CompleteRequest>;
export type FailInput = Input<typeof FailRequest>;
export type RetryInput = Input<typeof RetryRequest>;

export type CreateUploadInput = Input<typeof CreateUploadRequest>;
export type CreateUploadsInput = Input<typeof CreateUploadsRequest>;
export type ConfirmUploadInput = Input<typeof ConfirmUploadRequest>;
export type ConfirmUploadsInput = Input<typeof ConfirmUploadsRequest>;

export type CreateSyncInput = Input<typeof CreateSyncRequest>;
export type PatchSyncInput = Input<typeof PatchSyncRequest>;

export type CreateConnectionInput = Input<typeof CreateConnectionRequest>;
export type PatchConnectionInput = Input<typeof PatchConnectionRequest>;

export type CreateNamespaceInput = Input<typeof CreateNamespaceRequest>;
export type PatchNamespaceInput = Input<typeof PatchNamespaceRequest>;
