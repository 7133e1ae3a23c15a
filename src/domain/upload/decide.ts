/**
 * The decider of an upload. Pure.
 *
 * To confirm twice is a wrong transition: a repeated request is what idempotency keys are for, and must
 * not make a second object.
 */
import { schemaOf } from "../bucket/state.js";
import { BucketsError, invalidAt, invariant } from "../errors.js";
import { formatTime } from "../event.js";
import type { OwnedContext } from "../owned.js";
import type { ConfirmUpload, CreateUpload, StoredBytes, UploadCommand } from "./commands.js";
import type { UploadEvent } from "./events.js";
import { uploadBlobType } from "./object.js";
import { type UploadState, type UploadStatus, uploadStatusAt } from "./state.js";

/**
 * The event that the command makes happen. Existence and preconditions were checked before.
 *
 * @throws BAD_REQUEST for a wrong transition, or when no bytes arrived;
 *   VALIDATION_FAILED when other bytes arrived than were announced, and by rule.
 */
export function decideUpload(
  state: UploadState | undefined,
  command: UploadCommand,
  context: OwnedContext,
): UploadEvent {
  if (command.type === "create_upload") return create(command, context);
  invariant(state !== undefined, `${command.type} needs an upload`);
  switch (command.type) {
    case "confirm_upload":
      return confirm(state, command, context);
    case "delete_upload":
      return { type: "upload.deleted", data: {} };
  }
}

function create(command: CreateUpload, context: OwnedContext): UploadEvent {
  const { owner, moment } = context;
  const blob_property = command.blobProperty ?? stemOf(command.filename);
  // Before the bytes travel, because the object could not be made of them afterwards.
  if (command.createObject) {
    assertBlobType(uploadBlobType(schemaOf(owner.document), blob_property), command.blobType);
  }
  return {
    type: "upload.created",
    data: {
      document: {
        filename: command.filename,
        content_type: command.contentType,
        ...(command.sizeBytes !== undefined && { file_size_bytes: command.sizeBytes }),
        ...(command.hash !== undefined && { file_hash: command.hash }),
        metadata: command.metadata,
        create_object_on_confirm: command.createObject,
        object_metadata: command.objectMetadata,
        blob_property,
        ...(command.blobType !== undefined && { blob_type: command.blobType }),
        skip_duplicates: command.skipDuplicates,
      },
      expires_at: formatTime(moment.now + command.lifetimeMs),
      ...duplicatesOf(command, context),
    },
  };
}

function assertBlobType(type: string, announced: CreateUpload["blobType"]): void {
  if (announced === undefined || announced === "auto" || announced === type) return;
  throw invalidAt(
    ["body", "blob_type"],
    "mismatch",
    `The bucket's schema has the type "${type}" there, and not "${announced}": send that, or "auto".`,
  );
}

/** Those that have not been deleted since they were found. */
function duplicatesOf({ duplicates }: CreateUpload, { owner, related }: OwnedContext) {
  const isThere = (id: string | undefined): id is string => {
    const found = id === undefined ? undefined : related(id);
    return found?.bucket_id === owner.bucket_id && found.deleted === undefined;
  };
  const { upload, object } = duplicates;
  return {
    ...(isThere(upload) && { duplicate_of_upload_id: upload }),
    ...(isThere(object) && { existing_object_id: object }),
  };
}

/** The file's name without its last extension. */
function stemOf(filename: string): string {
  const dot = filename.lastIndexOf(".");
  return dot > 0 ? filename.slice(0, dot) : filename;
}

function assertPending(state: UploadState, now: number): void {
  const status = uploadStatusAt(state, now);
  switch (status) {
    case "PENDING":
      return;
    case "COMPLETED":
      throw confirmedAlready(state.upload_id);
    case "SKIPPED":
      throw over(state.upload_id, status, `${skippedBecause(state)}, so nothing is to be sent`);
    case "FAILED":
      throw over(state.upload_id, status, `it expired at ${state.expires_at}, so make another`);
  }
}

/** Why an upload was skipped; about one that was. */
export function skippedBecause(state: UploadState): string {
  const { duplicate_of_upload_id: upload, existing_object_id: object } = state;
  return upload === undefined
    ? `the object ${object} has its unique key`
    : `the upload ${upload} has brought the same bytes`;
}

/** What the object of an upload that was confirmed before is refused with as well. */
export function confirmedAlready(uploadId: string): BucketsError {
  return over(uploadId, "COMPLETED", "it was confirmed already");
}

function over(uploadId: string, status: UploadStatus, advice: string): BucketsError {
  return new BucketsError("BAD_REQUEST", `The upload ${uploadId} is ${status}: ${advice}.`, {
    upload_id: uploadId,
    status,
  });
}

/** The object that is made of it is that of the command right before. */
function confirm(
  state: UploadState,
  command: ConfirmUpload,
  { moment, precedingObject }: OwnedContext,
): UploadEvent {
  const stored = confirmable(state, command, moment.now);
  return {
    type: "upload.confirmed",
    data: {
      hash: stored.hash,
      size_bytes: stored.sizeBytes,
      ...(precedingObject !== undefined && { object_id: precedingObject }),
      ...(command.confirmation !== undefined && { confirmation: command.confirmation }),
    },
  };
}

/**
 * The bytes that can be confirmed.
 * @throws BAD_REQUEST for an upload that is over, or when none arrived; VALIDATION_FAILED for other
 *   bytes than were announced.
 */
export function confirmable(
  state: UploadState,
  command: Omit<ConfirmUpload, "type">,
  now: number,
): StoredBytes {
  assertPending(state, now);
  const { stored } = command;
  if (stored === undefined) {
    throw new BucketsError(
      "BAD_REQUEST",
      `No bytes arrived for the upload ${state.upload_id}: PUT them to its URL first.`,
      { upload_id: state.upload_id, status: state.status },
    );
  }
  assertSame(state, command, stored);
  return stored;
}

/** The bytes must be those that were announced, and those that are confirmed. */
function assertSame(
  state: UploadState,
  command: Omit<ConfirmUpload, "type">,
  stored: StoredBytes,
): void {
  const { file_size_bytes, file_hash } = state.document;
  for (const size of [file_size_bytes, command.sizeBytes]) {
    if (size === undefined || size === stored.sizeBytes) continue;
    throw mismatch("file_size_bytes", `${stored.sizeBytes} bytes arrived, and not ${size}`);
  }
  for (const hash of [file_hash, command.hash]) {
    if (hash === undefined || hash === stored.hash) continue;
    throw mismatch("file_hash", `The bytes that arrived have the SHA-256 ${stored.hash}`);
  }
  if (command.etag !== undefined && command.etag !== stored.hash) {
    throw mismatch("etag", `The bytes that arrived have the entity tag "${stored.hash}"`);
  }
}

function mismatch(field: string, what: string): BucketsError {
  return invalidAt(["body", field], "mismatch", `${what}: upload them again.`);
}
