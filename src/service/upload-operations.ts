/**
 * Turns a write to an upload, as data, into one that was checked. What arrived, and what the object
 * of it is made of, is looked up here; no rule of the domain is decided.
 */
import { checkFields, strayFields } from "../domain/bucket/requests.js";
import { type BucketState, schemaOf } from "../domain/bucket/state.js";
import { changesOf } from "../domain/history.js";
import { type JsonValue, toJson } from "../domain/json.js";
import type { PreparedBlob } from "../domain/object/blobs.js";
import { stateOfKind } from "../domain/resource.js";
import { parseBody } from "../domain/schemas.js";
import type { CreateUpload, StoredBytes } from "../domain/upload/commands.js";
import { confirmable } from "../domain/upload/decide.js";
import { uploadBlobType, uploadFields } from "../domain/upload/object.js";
import { ConfirmUploadRequest, CreateUploadRequest } from "../domain/upload/requests.js";
import { renderUpload, uploadTag } from "../domain/upload/response.js";
import type { UploadState } from "../domain/upload/state.js";
import type { ServedOperationOptions, UploadOperation, UploadWritten } from "./interface.js";
import type { ServiceParts } from "./parts.js";
import type { PresignedUrls } from "./presign.js";
import {
  type Accompanying,
  anyVersion,
  type Checked,
  checkReason,
  type Done,
  preconditionOf,
} from "./writing.js";

interface UploadParts {
  readonly parts: ServiceParts;
  readonly urls: PresignedUrls;
}

/** @throws BAD_REQUEST for what is wrong with the options, before VALIDATION_FAILED. */
export function checkUploadOperation(
  { parts, urls }: UploadParts,
  operation: UploadOperation & ServedOperationOptions,
): Checked<UploadWritten> {
  checkReason(operation.reason);
  const { type, bucket } = operation;
  const how = { reason: operation.reason, precondition: preconditionOf(operation) };
  switch (type) {
    case "create_upload": {
      const body = toJson(operation.body ?? {});
      const command = creationOf(body);
      const ignored = checkFields(
        strayFields(body, CreateUploadRequest),
        operation.strict === true,
      );
      const target = { kind: "new_member", bucket, id: parts.newId("upl") } as const;
      return {
        ...how,
        call: [type, bucket, body],
        prepare: async () => ({ target, command, secrets: [] }),
        render: async (done) => answerUpload(done, ignored, urls),
      };
    }
    case "delete_upload": {
      const target = { kind: "member", bucket, id: operation.upload } as const;
      return {
        ...how,
        call: [type, bucket, operation.upload],
        prepare: async () => ({ target, command: { type }, secrets: [] }),
        render: async (done) => answerUpload(done, [], undefined),
      };
    }
  }
}

function creationOf(body: JsonValue): CreateUpload {
  const request = parseBody(CreateUploadRequest, body);
  return {
    type: "create_upload",
    filename: request.filename,
    contentType: request.content_type,
    sizeBytes: request.file_size_bytes,
    hash: request.file_hash,
    metadata: request.metadata,
    createObject: request.create_object_on_confirm,
    objectMetadata: request.object_metadata,
    blobProperty: request.blob_property,
    lifetimeMs: request.presigned_url_expiration * 1_000,
  };
}

/** What a confirmation is about, as it is stored. */
interface Confirming {
  readonly owner: BucketState;
  /** Its id. */
  readonly upload: string;
  readonly state: UploadState | undefined;
  readonly stored: StoredBytes | undefined;
}

/** The object, where one is to be made, is accepted or refused with the confirmation. */
export function checkConfirmation(
  parts: ServiceParts,
  confirming: Confirming,
  sent: unknown,
  options: ServedOperationOptions,
): Checked<UploadWritten> {
  checkReason(options.reason);
  const body = toJson(sent ?? {});
  const request = parseBody(ConfirmUploadRequest, body);
  const ignored = checkFields(strayFields(body, ConfirmUploadRequest), options.strict === true);
  const { owner, upload, state, stored } = confirming;
  const { bucket_id: bucket } = owner;
  const confirmed = {
    stored,
    etag: request.etag,
    hash: request.file_hash,
    sizeBytes: request.file_size_bytes,
  };
  return {
    call: ["confirm_upload", bucket, upload, body],
    reason: options.reason,
    precondition: preconditionOf(options),
    precededBy:
      state?.document.create_object_on_confirm === true
        ? [objectOf(parts, owner, state, confirmed)]
        : [],
    prepare: async () => ({
      target: { kind: "member", bucket, id: upload },
      secrets: [],
      command: { type: "confirm_upload", ...confirmed },
    }),
    render: async (done) => answerUpload(done, ignored, undefined),
  };
}

/** Makes the object of an upload; what keeps it from being confirmed is said first. */
function objectOf(
  parts: ServiceParts,
  owner: BucketState,
  state: UploadState,
  confirmed: Parameters<typeof confirmable>[1],
): Accompanying {
  const { document, upload_id: uploadId } = state;
  const { blob_property: property, filename, content_type: mimeType } = document;
  const id = parts.newId("obj");
  const blobId = parts.newId("blob");
  return {
    reason: undefined,
    precondition: anyVersion,
    prepare: async () => {
      const { hash, sizeBytes } = confirmable(state, confirmed, parts.clock());
      const schema = schemaOf(owner.document);
      const blob: PreparedBlob = {
        blob_id: blobId,
        property,
        type: uploadBlobType(schema, property),
        properties: {},
        source: { kind: "upload", upload_id: uploadId, hash },
        details: { filename, size_bytes: sizeBytes, mime_type: mimeType, hash },
      };
      const fields = { ...uploadFields(schema, document), blobs: [{ blob_id: blobId }] };
      return {
        target: { kind: "new_member", bucket: owner.bucket_id, id },
        secrets: [],
        command: {
          type: "create_object",
          policy: undefined,
          fields,
          skipDuplicates: false,
          blobs: [blob],
        },
      };
    },
  };
}

/** Answered as of its event, so that a replay is answered alike. */
function answerUpload(
  { state: after, recorded, replayed, dryRun }: Done,
  ignoredFields: readonly string[],
  urls: PresignedUrls | undefined,
): UploadWritten {
  const state = stateOfKind("upload", after);
  const at = recorded.recordedAt;
  return {
    // What was only tried has no URL: nothing would wait behind it.
    upload: renderUpload(state, { at, presignedUrl: dryRun ? undefined : urls?.of(state) }),
    version: state.version,
    position: state.position,
    tag: uploadTag(state, at),
    changes: changesOf(recorded.event),
    ignoredFields,
    replayed,
    dryRun,
  };
}
