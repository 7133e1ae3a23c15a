/**
 * How buckets are listed: as they are answered, so that a secret is compared by its mask and nothing
 * can be learned of it.
 */
import type { FieldCatalog } from "../filter/fields.js";
import type { Listing } from "../listing.js";
import { BucketResponse, bucketFields, type Viewpoint } from "./response.js";
import type { BucketState } from "./state.js";
import type { BucketStats } from "./stats.js";

export const bucketCatalog: FieldCatalog = {
  names: Object.keys(BucketResponse.shape),
  times: ["created_at", "updated_at", "last_upload_at", "stats_updated_at"],
};

/** A bucket with its statistics. */
export interface CountedBucket {
  readonly state: BucketState;
  readonly stats: BucketStats;
}

/** @param viewpoint the moment and place that the list is about. */
export function bucketListing(viewpoint: Viewpoint): Listing<CountedBucket> {
  return {
    fields: ({ state, stats }) => bucketFields(state, stats, viewpoint),
    searched: ["bucket_id", "bucket_name", "description"],
    createdAt: ({ state }) => state.created_at,
    id: ({ state }) => state.bucket_id,
  };
}
