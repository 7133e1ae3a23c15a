/**
 * The decider of an upload. Pure.
 *
 * An upload brings bytes for objects, so a bucket that takes no objects, because it is archived,
 * takes none either. To confirm twice is a wrong transition: a repeated request is what idempotency
 * keys are for, and must not make a second object.
 */
import { schemaOf } from "../bucket/state.js";
import { BucketsError, invalidAt, invariant } from "../errors.js";
import { formatTime } from "../event.js";
import { assertTakesObjects, type OwnedContext } from "../owned.js";
import type { ConfirmUpload, CreateUpload, StoredBytes, UploadCommand } from "./commands.js";
import type { UploadEvent } from "./events.js";
import { uploadBlobType } from "./object.js";
import { type UploadState, uploadStatusAt } from "./state.js";

/**
 * The event that the command makes happen. Existence and preconditions were checked before.
 *
 * @throws BUCKET_LOCKED; BAD_REQUEST for a wrong transition, or when no bytes arrived;
 *   VALIDATION_FAILED when other bytes arrived than were announced, and by rule.
 */
export function decideUpload(
  state: UploadState | undefined,
  command: UploadCommand,
  context: OwnedContext,
): UploadEvent {
  assertTakesObjects(context);
  if (command.type === "create_upload") return create(command, context);
  invariant(state !== undefined, `${command.type} needs an upload`);
  switch (command.type) {
    case "confirm_upload":
      return confirm(state, command, context);
    case "delete_upload":
      return { type: "upload.deleted", data: {} };
  }
}

function create(command: CreateUpload, { owner, moment }: OwnedContext): UploadEvent {
  const blob_property = command.blobProperty ?? stemOf(command.filename);
  // Before the bytes travel, because the object could not be made of them afterwards.
  if (command.createObject) uploadBlobType(schemaOf(owner.document), blob_property);
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
      },
      expires_at: formatTime(moment.now + command.lifetimeMs),
    },
  };
}

/** The file's name without its last extension. */
function stemOf(filename: string): string {
  const dot = filename.lastIndexOf(".");
  return dot > 0 ? filename.slice(0, dot) : filename;
}

function assertPending(state: UploadState, now: number): void {
  const status = uploadStatusAt(state, now);
  if (status === "PENDING") return;
  const advice =
    status === "FAILED"
      ? `it expired at ${state.expires_at}, so make another`
      : "it was confirmed already";
  throw new BucketsError("BAD_REQUEST", `The upload ${state.upload_id} is ${status}: ${advice}.`, {
    upload_id: state.upload_id,
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
