/** The name of a bucket that is known by its id: that of now, or the last one of a deleted bucket. */

import type { Buckets } from "../../api/index.js";
import { isBucketsError } from "../../domain/errors.js";
import { kindOfStream } from "../../domain/resource.js";

/** Asks once for each bucket. */
export function lastNames(): (buckets: Buckets, bucketId: string) => Promise<string> {
  const names = new Map<string, Promise<string>>();
  return (buckets, bucketId) => {
    const asked = names.get(bucketId) ?? lastName(buckets, bucketId);
    names.set(bucketId, asked);
    return asked;
  };
}

/** Nothing for what is in no bucket. @throws NOT_FOUND for a bucket that never was. */
export async function lastName(buckets: Buckets, bucketId: string): Promise<string> {
  if (kindOfStream(bucketId) !== "bucket") return "";
  try {
    return (await buckets.get(bucketId)).bucket.bucket_name;
  } catch (error) {
    const deleted = isBucketsError(error) ? error.details["deleted_version"] : undefined;
    if (typeof deleted !== "number") throw error;
    return (await buckets.get(bucketId, { asOf: String(deleted - 1) })).bucket.bucket_name;
  }
}
