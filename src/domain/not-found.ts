/** The answers for what is not there, alike wherever it is asked for. */

import type { BucketState } from "./bucket/state.js";
import { withMeant } from "./did-you-mean.js";
import { BucketsError } from "./errors.js";
import type { NamespaceState } from "./namespace/state.js";
import { onlyOne, type Within } from "./namespace/within.js";

/**
 * The answer for an unknown id, an unknown name and another namespace's bucket alike.
 * @param names those of the namespace among which the one that was meant may be.
 */
export function bucketNotFound(
  identifier: string,
  namespace: string,
  names: readonly string[] = [],
): BucketsError {
  return unownedNotFound("bucket", identifier, namespace, names);
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

/** The answer for what is in no bucket: unknown, deleted, and another namespace's alike. */
export function unownedNotFound(
  kind: string,
  identifier: string,
  namespace: string,
  names: readonly string[] = [],
): BucketsError {
  const message = `There is no ${kind} "${identifier}" in the namespace "${namespace}".`;
  return new BucketsError("NOT_FOUND", withMeant(message, identifier, names), {
    resource: kind,
    identifier,
    namespace,
  });
}

/** The answer for a namespace that nobody made and that has nothing in it. */
export function namespaceNotFound(identifier: string, asOf?: string): BucketsError {
  return new BucketsError(
    "NOT_FOUND",
    asOf === undefined
      ? `There is no namespace "${identifier}": nobody made it, and nothing is in it.`
      : `There was no namespace "${identifier}" at ${asOf}.`,
    { resource: "namespace", identifier },
  );
}

/** The answer for a namespace that was deleted: its history goes on. */
export function namespaceDeleted(state: NamespaceState): BucketsError {
  return new BucketsError(
    "NOT_FOUND",
    `The namespace ${state.namespace_id} was deleted at ${state.deleted?.deleted_at}; its history goes on.`,
    {
      resource: "namespace",
      namespace_id: state.namespace_id,
      deleted_at: state.deleted?.deleted_at,
      deleted_version: state.version,
    },
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

/**
 * The answer for what belongs to the organisation: unknown, and what is in a namespace that is not
 * asked about, alike.
 *
 * @param within the namespaces that are asked about; undefined for all.
 */
export function organizationNotFound(
  resource: "connection" | "task" | "audit_event",
  identifier: string,
  within: Within,
  when = "",
): BucketsError {
  const namespace = onlyOne(within);
  const where =
    namespace !== undefined ? `in the namespace "${namespace}"` : "in any namespace that you open";
  const message = `There is no ${resource.replace("_", " ")} "${identifier}" ${where}${when}.`;
  return new BucketsError("NOT_FOUND", message, {
    resource,
    identifier,
    ...(namespace !== undefined && resource === "connection" && { namespace }),
  });
}
