/** Finds the bucket that objects, batches and uploads are asked of. */
import type { BucketState } from "../../domain/bucket/state.js";
import { bucketDeleted } from "../../domain/not-found.js";
import type { ServiceParts } from "../parts.js";
import { missingBucket } from "./missing.js";
import { asPoint, bucketSubject, Past } from "./stream-past.js";

type OwnerParts = Pick<ServiceParts, "events" | "view" | "clock" | "proofs">;

export interface Asked {
  readonly namespace: string;
  /** An id or the exact name. */
  readonly bucket: string;
}

/** @throws NOT_FOUND, also for a bucket that was deleted: what it held is hidden with it. */
export async function findOwner(parts: OwnerParts, asked: Asked): Promise<BucketState> {
  const owner = await findAnyOwner(parts, asked);
  if (owner.deleted !== undefined) throw bucketDeleted(owner);
  return owner;
}

/** Also one that was deleted: what it held has a past all the same. @throws NOT_FOUND */
export async function findAnyOwner(
  { view }: Pick<OwnerParts, "view">,
  { namespace, bucket }: Asked,
): Promise<BucketState> {
  const owner = await view.find(namespace, bucket);
  if (owner === undefined) throw await missingBucket({ view }, namespace, bucket);
  return owner;
}

/**
 * The bucket whose list is asked for, as it is or as of a moment.
 * @throws NOT_FOUND when it was not there at that moment.
 */
export async function findOwnerAt(
  parts: OwnerParts,
  asked: Asked,
  asOf: string | undefined,
): Promise<BucketState> {
  const point = asPoint(asOf, "as_of");
  if (point === undefined) return await findOwner(parts, asked);
  const owner = await findAnyOwner(parts, asked);
  // What a version means to a list is said by the list.
  if (point.point.kind === "version") return owner;
  const past = new Past(parts, bucketSubject(parts, asked.namespace));
  const { place } = await past.locate(owner, point);
  const then = await past.stateAt(owner.bucket_id, place.version);
  if (then.deleted !== undefined) throw bucketDeleted(then);
  return owner;
}
