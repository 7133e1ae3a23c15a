/**
 * Turns a write to an upload, as data, into one that was checked. What arrived, and what the object
 * of it is made of, is looked up here; no rule of the domain is decided.
 */

import type { ServedOperationOptions, UploadOperation, UploadWritten } from "../../api/index.js";
import { type BucketState, schemaOf } from "../../domain/bucket/state.js";
import type { JsonValue } from "../../domain/json.js";
import type { PreparedBlob } from "../../domain/object/blobs.js";
import { readBody } from "../../domain/request-fields.js";
import { stateOfKind } from "../../domain/resource.js";
import type { CreateUpload, StoredBytes, UploadDuplicates } from "../../domain/upload/commands.js";
import { confirmable } from "../../domain/upload/decide.js";
import type { UploadConfirmation } from "../../domain/upload/events.js";
import { uploadBlobType, uploadFields } from "../../domain/upload/object.js";
import { ConfirmUploadRequest, CreateUploadRequest } from "../../domain/upload/requests.js";
import { renderUpload, uploadTag } from "../../domain/upload/response.js";
import type { UploadState } from "../../domain/upload/state.js";
import type { Asker } from "../asker.js";
import { presignedUrl } from "../keys/presign.js";
import type { ServiceParts } from "../parts.js";
import {
  type Accompanying,
  accompanying,
  type Checked,
  type Done,
  preconditionOf,
  preparedOnce,
} from "../write/writing.js";
import { writtenOf } from "../write/written.js";
import { findDuplicates } from "./duplicates.js";

export function checkUploadOperation(
  parts: ServiceParts,
  { caller, namespace }: Asker,
  operation: UploadOperation & ServedOperationOptions,
): Checked<UploadWritten> {
  const { type, bucket } = operation;
  const how = { reason: operation.reason, precondition: preconditionOf(operation) };
  switch (type) {
    case "create_upload": {
      const { body, strict } = operation;
      const { json, request, ignoredFields } = readBody(CreateUploadRequest, body, strict);
      const target = { kind: "new_member", bucket, id: parts.newId("upl") } as const;
      return {
        ...how,
        call: [type, bucket, json],
        command: preparedOnce(async () => {
          const duplicates = await findDuplicates(parts, { namespace, bucket }, request);
          return { target, command: creationOf(request, duplicates) };
        }),
        render: async (done) => {
          // What was only tried has no URL: nothing would wait behind it.
          const url = done.dryRun
            ? undefined
            : presignedUrl(parts.signer, caller, stateOfKind("upload", done.state));
          return answerUpload(done, ignoredFields, url);
        },
      };
    }
    case "delete_upload": {
      const target = { kind: "member", bucket, id: operation.upload } as const;
      return {
        ...how,
        call: [type, bucket, operation.upload],
        command: { target, command: { type } },
        render: async (done) => answerUpload(done, [], undefined),
      };
    }
  }
}

function creationOf(request: CreateUploadRequest, duplicates: UploadDuplicates): CreateUpload {
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
    blobType: request.blob_type,
    skipDuplicates: request.skip_duplicates,
    duplicates,
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
  /** The request that confirms it together with others. */
  readonly confirmation?: UploadConfirmation | undefined;
}

/** The object, where one is to be made, is accepted or refused with the confirmation. */
export function checkConfirmation(
  parts: ServiceParts,
  confirming: Confirming,
  body: JsonValue,
  options: ServedOperationOptions,
): Checked<UploadWritten> {
  const { request, ignoredFields } = readBody(ConfirmUploadRequest, body, options.strict);
  const { owner, upload, state, stored, confirmation } = confirming;
  const { bucket_id: bucket } = owner;
  const confirmed = {
    stored,
    etag: request.etag,
    hash: request.file_hash,
    sizeBytes: request.file_size_bytes,
    confirmation,
  };
  return {
    call: ["confirm_upload", bucket, upload, body],
    reason: options.reason,
    precondition: preconditionOf(options),
    precededBy:
      state?.document.create_object_on_confirm === true
        ? [objectOf(parts, owner, state, confirmed)]
        : [],
    command: {
      target: { kind: "member", bucket, id: upload },
      command: { type: "confirm_upload", ...confirmed },
      stored: stored && [stored.hash],
    },
    render: async (done) => answerUpload(done, ignoredFields, undefined),
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
  return accompanying(
    preparedOnce(async () => {
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
        command: {
          type: "create_object",
          policy: undefined,
          fields,
          skipDuplicates: false,
          blobs: [blob],
          confirms: uploadId,
        },
      };
    }),
  );
}

/** Answered as of its event, so that a replay is answered alike. */
function answerUpload(
  done: Done,
  ignoredFields: readonly string[],
  presignedUrl: string | undefined,
): UploadWritten {
  const state = stateOfKind("upload", done.state);
  const { at } = done;
  const upload = renderUpload(state, { at, presignedUrl });
  return { ...writtenOf(done, ignoredFields), upload, tag: uploadTag(state, at) };
}
