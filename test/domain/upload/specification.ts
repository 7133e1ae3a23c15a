/** Tests of the upload's decider: an upload, a command, and the event or refusal that follows. */
import { expect } from "vitest";
import type { BucketState } from "../../../src/domain/bucket/state.js";
import { BucketsError, type ErrorCode, isBucketsError } from "../../../src/domain/errors.js";
import { assertOwnerTakes } from "../../../src/domain/resource.js";
import type {
  ConfirmUpload,
  CreateUpload,
  UploadCommand,
} from "../../../src/domain/upload/commands.js";
import { decideUpload } from "../../../src/domain/upload/decide.js";
import type { UploadEvent } from "../../../src/domain/upload/events.js";
import { evolveUpload, type UploadState } from "../../../src/domain/upload/state.js";
import { actor, bucketId, created, now, stateAfter } from "../specification.js";

export const uploadId = "upl_01kccccccccccccccccccccccc";
const lifetimeMs = 3_600_000;
export const expiresAt = now + lifetimeMs;

/** Of the bytes that arrive, and of others. */
export const hash = "ab".repeat(32);
export const otherHash = "cd".repeat(32);

export const createCommand: CreateUpload = {
  type: "create_upload",
  blobType: undefined,
  skipDuplicates: true,
  duplicates: {},
  filename: "title.mp4",
  contentType: "video/mp4",
  sizeBytes: undefined,
  hash: undefined,
  metadata: { source: "camera" },
  createObject: true,
  objectMetadata: {},
  blobProperty: undefined,
  lifetimeMs,
};

export const confirmCommand: ConfirmUpload = {
  type: "confirm_upload",
  stored: { hash, sizeBytes: 12 },
  etag: undefined,
  hash: undefined,
  sizeBytes: undefined,
};

export function announced(sizeBytes?: number, fileHash?: string): UploadEvent {
  return {
    type: "upload.created",
    data: {
      document: {
        filename: "title.mp4",
        content_type: "video/mp4",
        ...(sizeBytes !== undefined && { file_size_bytes: sizeBytes }),
        ...(fileHash !== undefined && { file_hash: fileHash }),
        metadata: { source: "camera" },
        create_object_on_confirm: true,
        object_metadata: {},
        blob_property: "title",
        skip_duplicates: true,
      },
      expires_at: new Date(expiresAt).toISOString(),
    },
  };
}

export const confirmed: UploadEvent = {
  type: "upload.confirmed",
  data: { hash, size_bytes: 12, object_id: "obj_a" },
};

/** The upload after the events, all of which happened now. */
export function uploadAfter(...events: readonly UploadEvent[]): UploadState {
  const state = events.reduce<UploadState | undefined>(
    (before, event, index) =>
      evolveUpload(before, {
        position: index + 11,
        stream: uploadId,
        version: index + 1,
        namespace: "default",
        bucketId,
        eventId: `evt_${index}`,
        transactionId: undefined,
        recordedAt: now,
        meta: { actor, request_id: `req_${index}` },
        event,
      }),
    undefined,
  );
  if (state === undefined) throw new Error("No event, no state.");
  return state;
}

export function given(
  state: UploadState | undefined,
  owner: BucketState = stateAfter([created()]),
) {
  return {
    /** @param precedingObject what a command right before was about. */
    when(command: UploadCommand, at: number = now, precedingObject?: string) {
      const outcome = outcomeOf(state, command, owner, at, precedingObject);
      return {
        outcome,
        thenEvent(expected: UploadEvent): void {
          if (outcome instanceof BucketsError) throw outcome;
          expect(outcome).toStrictEqual(expected);
        },
        thenRefused(code: ErrorCode, details: Readonly<Record<string, unknown>>): void {
          expect(outcome).toMatchObject({ code, details });
        },
        thenInvalid(field: string, type: string): void {
          expect(outcome).toMatchObject({
            code: "VALIDATION_FAILED",
            details: { validation_errors: [{ location: ["body", field], type }] },
          });
        },
      };
    },
  };
}

function outcomeOf(
  state: UploadState | undefined,
  command: UploadCommand,
  owner: BucketState,
  at: number,
  precedingObject: string | undefined,
) {
  try {
    const context = {
      owner,
      related: () => undefined,
      moment: { now: at, actor },
      precedingObject,
    };
    assertOwnerTakes("upload", owner, at);
    return decideUpload(state, command, context);
  } catch (error) {
    if (isBucketsError(error)) return error;
    throw error;
  }
}
