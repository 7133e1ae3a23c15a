/**
 * Which buckets a list shows, and in which order. Filters, sorts and searches are about the bucket
 * as it is answered: a secret is compared by its mask, so that nothing can be learned of it.
 */
import { compileFilter } from "../filter/condition.js";
import type { FieldCatalog } from "../filter/fields.js";
import { type ListPosition, sortKeyOf } from "../filter/order.js";
import type { Criteria } from "../filter/parse.js";
import { compileSearch } from "../filter/search.js";
import type { JsonObject } from "../json.js";
import { valueAt } from "../pointer.js";
import { BucketResponse, bucketFields, type Viewpoint } from "./response.js";
import type { BucketState } from "./state.js";
import type { BucketStats } from "./stats.js";

export const bucketCatalog: FieldCatalog = {
  names: Object.keys(BucketResponse.shape),
  times: ["created_at", "updated_at", "last_upload_at", "stats_updated_at"],
};

/** What is searched by `search`. */
export const searchedFields = ["bucket_id", "bucket_name", "description"] as const;

/** The criteria, and the moment and place that the answer is about. */
export interface Selection {
  readonly criteria: Criteria;
  readonly viewpoint: Viewpoint;
}

/** The predicate of a selection. */
export function compileSelection({
  criteria: { search, filter },
  viewpoint,
}: Selection): (state: BucketState, stats: BucketStats) => boolean {
  const isWanted = filter === undefined ? undefined : compileFilter(filter);
  const isFound = search === undefined ? undefined : compileSearch(search);
  return (state, stats) => {
    const fields = bucketFields(state, stats, viewpoint);
    if (isWanted?.(fields) === false) return false;
    return isFound === undefined || textsOf(fields).some(isFound);
  };
}

/** The place of a bucket in the order of a selection; in the default order without one. */
export function positionOf(
  state: BucketState,
  stats: BucketStats,
  selection: Selection | undefined,
): ListPosition {
  const place = { createdAt: state.created_at, id: state.bucket_id };
  const sort = selection?.criteria.sort;
  if (selection === undefined || sort === undefined) return place;
  const value = valueAt(bucketFields(state, stats, selection.viewpoint), sort.path);
  return { sortKey: sortKeyOf(value, sort.caseSensitive), ...place };
}

function textsOf(fields: JsonObject): string[] {
  return searchedFields.flatMap((name) => {
    const value = fields[name];
    return typeof value === "string" ? [value] : [];
  });
}
