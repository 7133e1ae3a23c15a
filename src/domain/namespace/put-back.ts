/**
 * Putting a whole namespace back to how it was: which of its buckets and objects differ from then, and
 * the order in which each is put back. What it makes of that are ordinary operations.
 */
import { revertedDocument } from "../bucket/revert.js";
import { bucketSecrets } from "../bucket/secrets.js";
import { type BucketState, nameOf } from "../bucket/state.js";
import type { Change } from "../change.js";
import { diff } from "../changes.js";
import type { ObjectState } from "../object/state.js";

/** A resource as it is, and as it was; absent before it began. */
export interface Compared<State> {
  readonly now: State;
  readonly was: State | undefined;
}

/** A bucket, and of one that is to be there the objects that are, or were, in it. */
export interface ComparedBucket extends Compared<BucketState> {
  readonly objects: readonly Compared<ObjectState>[];
}

/** What has to be done to one resource. */
export interface PutBack {
  readonly kind: "bucket" | "object";
  readonly id: string;
  readonly bucketId: string;
  /** Of a bucket, as it is now. */
  readonly name?: string;
  readonly action: "change" | "restore" | "delete";
  /** As it is now: what comes between is not overwritten. */
  readonly version: number;
  /** Of then; absent for what is deleted. */
  readonly to?: number;
  /** What the document gets back. Secrets are masked. */
  readonly changes: readonly Change[];
  /** Of the bucket then, when it is another now. */
  readonly status?: BucketState["status"];
}

/** What has to be done, buckets before what is in them. What is as it was is left alone. */
export function putBackAll(buckets: readonly ComparedBucket[]): readonly PutBack[] {
  return buckets.flatMap((bucket) => {
    const done = putBackBucket(bucket);
    const isThere = bucket.was !== undefined && bucket.was.deleted === undefined;
    const objects = isThere ? bucket.objects.flatMap(putBackObject) : [];
    return [...(done === undefined ? [] : [done]), ...objects];
  });
}

function putBackBucket({ now, was }: Compared<BucketState>): PutBack | undefined {
  const place = { kind: "bucket", id: now.bucket_id, bucketId: now.bucket_id } as const;
  const named = { ...place, name: nameOf(now), version: now.version };
  if (was === undefined || was.deleted !== undefined) {
    return now.deleted === undefined ? { ...named, action: "delete", changes: [] } : undefined;
  }
  const reverted = revertedDocument(now.document, was.document, undefined);
  const changes = bucketSecrets.maskChanges(diff(now.document, reverted));
  const isDeleted = now.deleted !== undefined;
  const isOther = now.status !== was.status;
  if (!isDeleted && !isOther && changes.length === 0) return undefined;
  return {
    ...named,
    action: isDeleted ? "restore" : "change",
    to: was.version,
    changes,
    ...(isOther && { status: was.status }),
  };
}

function putBackObject({ now, was }: Compared<ObjectState>): readonly PutBack[] {
  const { object_id: id, bucket_id: bucketId, version } = now;
  const place = { kind: "object", id, bucketId, version } as const;
  if (was === undefined || was.deleted !== undefined) {
    return now.deleted === undefined ? [{ ...place, action: "delete", changes: [] }] : [];
  }
  const changes = diff(now.document, was.document);
  const isDeleted = now.deleted !== undefined;
  if (!isDeleted && changes.length === 0) return [];
  return [{ ...place, action: isDeleted ? "restore" : "change", to: was.version, changes }];
}
