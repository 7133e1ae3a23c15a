/** The answers for what is not there, alike wherever it is asked for. */
import type { BucketState } from "./bucket/state.js";
import { BucketsError } from "./errors.js";

/** The answer for an unknown id, an unknown name and another namespace's bucket alike. */
export function bucketNotFound(identifier: string, namespace: string): BucketsError {
  return new BucketsError(
    "NOT_FOUND",
    `There is no bucket "${identifier}" in the namespace "${namespace}".`,
    { resource: "bucket", identifier, namespace },
  );
}

/** The answer for a bucket that was deleted: its history goes on. */
export function bucketDeleted(state: BucketState): BucketsError {
  return new BucketsError(
    "NOT_FOUND",
    `The bucket ${state.bucket_id} was deleted at ${state.deleted?.deleted_at}; its history goes on.`,
    {
      resource: "bucket",
      bucket_id: state.bucket_id,
      deleted_at: state.deleted?.deleted_at,
      deleted_version: state.version,
    },
  );
}

/** The answer for an unknown connection, one that was deleted, and another namespace's alike. */
export function connectionNotFound(identifier: string, namespace: string): BucketsError {
  return new BucketsError(
    "NOT_FOUND",
    `There is no connection "${identifier}" in the namespace "${namespace}".`,
    { resource: "connection", identifier, namespace },
  );
}

/** The answer for an unknown object, batch or upload, also one of another bucket. */
export function memberNotFound(kind: string, identifier: string, bucketId: string): BucketsError {
  return new BucketsError(
    "NOT_FOUND",
    `There is no ${kind} "${identifier}" in the bucket ${bucketId}.`,
    { resource: kind, identifier, bucket_id: bucketId },
  );
}

/** The answer for one that was deleted: its history goes on. */
export function memberDeleted(
  kind: string,
  identifier: string,
  deleted: { readonly deleted_at: string; readonly version: number },
): BucketsError {
  return new BucketsError(
    "NOT_FOUND",
    `The ${kind} ${identifier} was deleted at ${deleted.deleted_at}; its history goes on.`,
    {
      resource: kind,
      identifier,
      deleted_at: deleted.deleted_at,
      deleted_version: deleted.version,
    },
  );
}
