/** Takes the bytes of an upload in, before anything is recorded about them. */

import type { ReceivedBytes, SignedBytes } from "../../api/index.js";
import type { BucketState } from "../../domain/bucket/state.js";
import { BucketsError } from "../../domain/errors.js";
import { limits } from "../../domain/limits.js";
import { assertOwnerTakes, type ResourceState } from "../../domain/resource.js";
import { type UploadState, uploadStatusAt } from "../../domain/upload/state.js";
import { monotonicNow } from "../../timers.js";
import { grantOf } from "../keys/presign.js";
import type { ServiceParts } from "../parts.js";

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

/**
 * Of several that are under way at once, the one that began last and arrives is what is kept.
 * @throws CONFLICT for an upload that is over, and for bytes that newer ones overtook; BUCKET_LOCKED;
 * and what reading and writing throw.
 */
export async function receive(
  { view, blobs, received, turns, clock }: ServiceParts,
  { state, owner }: Receiving,
  read: SignedBytes["read"],
): Promise<ReceivedBytes> {
  const { upload_id: uploadId, document, expires_at: expiresAt } = state;
  assertWaits(state, clock());
  assertOwnerTakes("upload", owner, clock());
  const { file_size_bytes: expectedBytes } = document;
  const sizes = {
    maxBytes: limits.uploadBytesMax,
    ...(expectedBytes !== undefined && { expectedBytes }),
  };
  // It may come to its end while the bytes travel.
  const assertStillWaits = async () => assertWaits((await view.state(uploadId)) ?? state, clock());
  const transfer = async () => {
    const written = await blobs.write(checking(read(sizes), assertStillWaits), sizes);
    await assertStillWaits();
    return written;
  };
  const arrived = await turns.take(uploadId, transfer, ({ hash, sizeBytes }) =>
    received.put({ uploadId, hash, sizeBytes, expiresAt: Date.parse(expiresAt) }),
  );
  if (arrived === undefined) {
    throw new BucketsError(
      "CONFLICT",
      "Bytes that were sent later arrived before these, and are kept: these were not.",
      { upload_id: uploadId },
    );
  }
  const { hash, sizeBytes } = arrived;
  return { upload_id: uploadId, file_hash: hash, file_size_bytes: sizeBytes };
}

/** The same bytes, for as long as the check holds. */
async function* checking(
  bytes: AsyncIterable<Uint8Array>,
  check: () => Promise<void>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let checkedAt = 0;
  for await (const chunk of bytes) {
    if (monotonicNow() - checkedAt >= checkEveryMs) {
      checkedAt = monotonicNow();
      await check();
    }
    yield chunk;
  }
}

const checkEveryMs = 100;

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
  for (const { uploadId, expiresAt } of await received.all()) {
    const state = expiresAt <= clock() ? undefined : await view.state(uploadId);
    if (state?.kind !== "upload" || !waits(state, clock())) settled.push(uploadId);
  }
  if (settled.length > 0) await received.remove(settled);
}
