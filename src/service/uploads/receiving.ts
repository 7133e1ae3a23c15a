/** Takes the bytes of an upload in, before anything is recorded about them. */

import type { ReceivedBytes, SignedBytes } from "../../api/index.js";
import type { BucketState } from "../../domain/bucket/state.js";
import { BucketsError } from "../../domain/errors.js";
import { limits } from "../../domain/limits.js";
import { assertOwnerTakes, type ResourceState } from "../../domain/resource.js";
import { type UploadState, uploadStatusAt } from "../../domain/upload/state.js";
import { receivedRows } from "../../eventstore/received-rows.js";
import type { ReceivedRow } from "../../eventstore/received-table.js";
import { monotonicNow } from "../../timers.js";
import { giveUpContents } from "../blob-references.js";
import { grantOf } from "../keys/presign.js";
import type { ServiceParts } from "../parts.js";
import type { Arriving } from "./quota.js";

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
  parts.attempts.note(uploadId, Date.parse(found.state.expires_at));
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
  parts: ServiceParts,
  { state, owner }: Receiving,
  read: SignedBytes["read"],
): Promise<ReceivedBytes> {
  const { blobs, received, turns, quota, clock } = parts;
  const { upload_id: uploadId, document, expires_at: expiresAt } = state;
  assertWaits(state, clock());
  assertOwnerTakes("upload", owner, clock());
  const { file_size_bytes: expectedBytes } = document;
  const sizes = {
    maxBytes: limits.uploadBytesMax,
    ...(expectedBytes !== undefined && { expectedBytes }),
  };
  // It may come to its end while the bytes travel, and so may its bucket.
  const assertStillWaits = async () => {
    const now = await findReceiving(parts, uploadId);
    if (now === undefined) throw overNow();
    assertWaits(now.state, clock());
  };
  const arriving = await quota?.begin(state);
  const transfer = async () => {
    const bytes = checking(read(sizes), assertStillWaits, arriving);
    const written = await blobs.write(bytes, sizes).finally(() => arriving?.end());
    try {
      await assertStillWaits();
    } catch (error) {
      await giveUpContents(parts, [written.hash]);
      throw error;
    }
    return written;
  };
  return await turns.take(uploadId, transfer, async ({ hash, sizeBytes }, isOvertaken) => {
    if (isOvertaken) {
      await giveUpContents(parts, [hash]);
      throw overtaken(uploadId);
    }
    const row = { uploadId, hash, sizeBytes, expiresAt: Date.parse(expiresAt) };
    quota?.noteWaiting(state, sizeBytes);
    const replaced = await received.put(row);
    if (replaced !== undefined) await giveUpContents(parts, [replaced.hash]);
    return { upload_id: uploadId, file_hash: hash, file_size_bytes: sizeBytes };
  });
}

function overtaken(uploadId: string): BucketsError {
  return new BucketsError(
    "CONFLICT",
    "Bytes that were sent later arrived before these, and are kept: these were not.",
    { upload_id: uploadId },
  );
}

/** The same bytes, for as long as the check holds and there is room for them. */
async function* checking(
  bytes: AsyncIterable<Uint8Array>,
  check: () => Promise<void>,
  arriving: Arriving | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let checkedAt = 0;
  for await (const chunk of bytes) {
    if (monotonicNow() - checkedAt >= checkEveryMs) {
      checkedAt = monotonicNow();
      await check();
    }
    arriving?.add(chunk.length);
    yield chunk;
  }
}

const checkEveryMs = 100;

function assertWaits(state: ResourceState, now: number): void {
  if (state.kind !== "upload" || !waits(state, now)) throw overNow();
}

function overNow(): BucketsError {
  return new BucketsError(
    "CONFLICT",
    "The upload takes no more bytes: it was confirmed or deleted, or it expired. Make another.",
  );
}

/** Whether the upload can still be confirmed. */
function waits(state: UploadState, now: number): boolean {
  return state.deleted === undefined && uploadStatusAt(state, now) === "PENDING";
}

/** Lets go of what arrived for uploads that were confirmed, were deleted, or expired. */
export async function forgetSettled(
  parts: Pick<ServiceParts, "view" | "received" | "blobs" | "attempts" | "quota" | "clock">,
): ReturnType<typeof giveUpContents> {
  const { view, received, attempts, quota, clock } = parts;
  attempts.forgetExpired(clock());
  let [removed, bytesFreed] = [0, 0];
  for await (const rows of receivedRows(received)) {
    const settled: ReceivedRow[] = [];
    for (const row of rows) {
      const state = row.expiresAt <= clock() ? undefined : await view.state(row.uploadId);
      if (state?.kind !== "upload" || !waits(state, clock())) settled.push(row);
    }
    const ids = settled.map(({ uploadId }) => uploadId);
    if (ids.length > 0) await received.remove(ids);
    quota?.noteForgotten(ids);
    const released = await giveUpContents(
      parts,
      settled.map(({ hash }) => hash),
    );
    removed += released.removed;
    bytesFreed += released.bytesFreed;
  }
  return { removed, bytesFreed };
}
