/** A bucket that is not there, and the name of the namespace that was probably meant. */

import { looksLikeBucketId } from "../../domain/bucket/document.js";
import type { BucketsError } from "../../domain/errors.js";
import { bucketNotFound } from "../../domain/not-found.js";
import type { View } from "../../projections/view.js";

interface MissingParts {
  readonly view: View;
}

export async function missingBucket(
  { view }: MissingParts,
  namespace: string,
  bucket: string,
): Promise<BucketsError> {
  const names = looksLikeBucketId(bucket) ? [] : await view.namesAround(namespace, bucket);
  return bucketNotFound(bucket, namespace, names);
}

/** The refusal of a write, with that name when it is one of a bucket that is not there. */
export async function explainMissing(
  parts: MissingParts,
  error: BucketsError,
): Promise<BucketsError> {
  const { resource, identifier, namespace } = error.details;
  const isMissing = error.code === "NOT_FOUND" && resource === "bucket";
  if (!isMissing || typeof identifier !== "string" || typeof namespace !== "string") return error;
  return await missingBucket(parts, namespace, identifier);
}
