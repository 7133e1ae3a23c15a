/** Takes the bytes of an upload in, before anything is recorded about them. */
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { assertTakesObjects } from "../domain/owned.js";
import { type UploadState, uploadStatusAt } from "../domain/upload/state.js";
import type { ReceivedBytes, SignedBytes } from "./interface.js";
import type { ServiceParts } from "./parts.js";
import { grantOf } from "./presign.js";

/**
 * Takes bytes that come with a signature.
 * @throws FORBIDDEN, with the same words whatever is wrong with it; UNSUPPORTED_MEDIA_TYPE for
 * another type than was announced; and what `receive` throws.
 */
export async function receiveSigned(
  parts: ServiceParts,
  { uploadId, signature, contentType, read }: SignedBytes,
): Promise<ReceivedBytes> {
  const state = await parts.view.state(uploadId);
  const isSigned =
    state?.kind === "upload" &&
    state.deleted === undefined &&
    parts.signer.verify(grantOf(state), signature, parts.clock());
  if (!isSigned) {
    throw new BucketsError(
      "FORBIDDEN",
      "The URL is not signed for this, or no longer: get the URL of the upload again.",
    );
  }
  const { content_type: announced } = state.document;
  if (contentType.toLowerCase() !== announced.toLowerCase()) {
    throw new BucketsError("UNSUPPORTED_MEDIA_TYPE", `Send the bytes as ${announced}.`, {
      accepted: [announced],
    });
  }
  return await receive(parts, state, read);
}

/** @throws CONFLICT for an upload that is over; BUCKET_LOCKED; and what reading and writing throw. */
export async function receive(
  { view, blobs, received, clock }: ServiceParts,
  state: UploadState,
  read: SignedBytes["read"],
): Promise<ReceivedBytes> {
  const { upload_id: uploadId, bucket_id: bucketId, document, expires_at: expiresAt } = state;
  const owner = await view.state(bucketId);
  const isOver = uploadStatusAt(state, clock()) !== "PENDING";
  if (isOver || owner?.kind !== "bucket" || owner.deleted !== undefined) {
    throw new BucketsError(
      "CONFLICT",
      `The upload ${uploadId} is ${uploadStatusAt(state, clock())} and takes no more bytes.`,
      { upload_id: uploadId },
    );
  }
  assertTakesObjects({ owner, moment: { now: clock(), actor: "" } });
  const { file_size_bytes: expectedBytes } = document;
  const sizes = {
    maxBytes: limits.uploadBytesMax,
    ...(expectedBytes !== undefined && { expectedBytes }),
  };
  const { hash, sizeBytes } = await blobs.write(read(sizes), sizes);
  received.put({ uploadId, hash, sizeBytes, expiresAt: Date.parse(expiresAt) });
  return { upload_id: uploadId, file_hash: hash, file_size_bytes: sizeBytes };
}
