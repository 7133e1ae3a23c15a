/** Takes the bytes of an upload in, before anything is recorded about them. */
import type { BucketState } from "../domain/bucket/state.js";
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { assertTakesObjects } from "../domain/owned.js";
import type { ResourceState } from "../domain/resource.js";
import { type UploadState, uploadStatusAt } from "../domain/upload/state.js";
import type { ReceivedBytes, SignedBytes } from "./interface.js";
import type { ServiceParts } from "./parts.js";
import { grantOf } from "./presign.js";

/** What bytes arrive for. */
interface Receiving {
  readonly state: UploadState;
  readonly owner: BucketState;
}

/**
 * Takes bytes that come with a signature.
 * @throws FORBIDDEN, with the same words whatever is wrong with it; UNSUPPORTED_MEDIA_TYPE for
 * another type than was announced; and what `receive` throws.
 */
export async function receiveSigned(
  parts: ServiceParts,
  { uploadId, signature, contentType, read }: SignedBytes,
): Promise<ReceivedBytes> {
  const found = await findReceiving(parts, uploadId);
  const isSigned =
    found !== undefined && parts.signer.verify(grantOf(found.state), signature, parts.clock());
  if (!isSigned) {
    throw new BucketsError(
      "FORBIDDEN",
      "The URL is not signed for this, or no longer: get the URL of the upload again.",
    );
  }
  const { content_type: announced } = found.state.document;
  if (contentType.toLowerCase() !== announced.toLowerCase()) {
    throw new BucketsError("UNSUPPORTED_MEDIA_TYPE", `Send the bytes as ${announced}.`, {
      accepted: [announced],
    });
  }
  return await receive(parts, found, read);
}

async function findReceiving(
  { view }: Pick<ServiceParts, "view">,
  uploadId: string,
): Promise<Receiving | undefined> {
  const state = await view.state(uploadId);
  if (state?.kind !== "upload" || state.deleted !== undefined) return undefined;
  const owner = await view.state(state.bucket_id);
  if (owner?.kind !== "bucket" || owner.deleted !== undefined) return undefined;
  return { state, owner };
}

/** @throws CONFLICT for an upload that is over; BUCKET_LOCKED; and what reading and writing throw. */
export async function receive(
  { view, blobs, received, clock }: ServiceParts,
  { state, owner }: Receiving,
  read: SignedBytes["read"],
): Promise<ReceivedBytes> {
  const { upload_id: uploadId, document, expires_at: expiresAt } = state;
  assertWaits(state, clock());
  assertTakesObjects({ owner, moment: { now: clock(), actor: "" } });
  const { file_size_bytes: expectedBytes } = document;
  const sizes = {
    maxBytes: limits.uploadBytesMax,
    ...(expectedBytes !== undefined && { expectedBytes }),
  };
  const { hash, sizeBytes } = await blobs.write(read(sizes), sizes);
  // It may have come to its end while the bytes travelled.
  assertWaits((await view.state(uploadId)) ?? state, clock());
  received.put({ uploadId, hash, sizeBytes, expiresAt: Date.parse(expiresAt) });
  return { upload_id: uploadId, file_hash: hash, file_size_bytes: sizeBytes };
}

function assertWaits(state: ResourceState, now: number): void {
  if (state.kind === "upload" && waits(state, now)) return;
  throw new BucketsError(
    "CONFLICT",
    "The upload takes no more bytes: it was confirmed or deleted, or it expired. Make another.",
  );
}

/** Whether the upload can still be confirmed. */
function waits(state: UploadState, now: number): boolean {
  return state.deleted === undefined && uploadStatusAt(state, now) === "PENDING";
}

/** Lets go of what arrived for uploads that were confirmed, were deleted, or expired. */
export async function forgetSettled({
  view,
  received,
  clock,
}: Pick<ServiceParts, "view" | "received" | "clock">): Promise<void> {
  const settled: string[] = [];
  for (const { uploadId, expiresAt } of received.all()) {
    const state = expiresAt <= clock() ? undefined : await view.state(uploadId);
    if (state?.kind !== "upload" || !waits(state, clock())) settled.push(uploadId);
  }
  if (settled.length > 0) received.remove(settled);
}
