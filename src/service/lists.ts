/** Lists of the buckets of one namespace, as they are and as they were. */
import { z } from "zod";
import { bucketCatalog, bucketListing, type CountedBucket } from "../domain/bucket/list.js";
import { parseCriteria, type RawCriteria } from "../domain/filter/parse.js";
import { toJson } from "../domain/json.js";
import { limits } from "../domain/limits.js";
import { placeOf, type Selected, select } from "../domain/listing.js";
import { parseQuery } from "../domain/schemas.js";
import { type BucketPage, totalsOf, type View } from "../projections/view.js";
import { answerBucket } from "./answers.js";
import { decodeCursor, encodeCursor } from "./cursor.js";
import type { ListBucketsResponse, ListQuery } from "./interface.js";
import { type Moment, momentOf } from "./moment.js";
import { paginate } from "./pagination.js";
import type { ServiceParts } from "./parts.js";
import { asPoint } from "./past.js";

export const ListRequest = z.object({
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.listPageSizeDefault),
  offset: z.number().int().min(0).default(0),
  cursor: z.string().optional(),
});

/** The place of the last bucket of a page; how many came before it numbers the next page. */
export const ListPlace = z.object({
  sortKey: z.string().optional(),
  createdAt: z.string(),
  id: z.string(),
  seen: z.number(),
});

/** @param now the time of the store. */
export async function listBuckets(
  parts: Pick<ServiceParts, "events" | "view" | "clock">,
  where: { readonly namespace: string; readonly publicUrl: string },
  query: ListQuery,
  now: number,
): Promise<ListBucketsResponse> {
  const { namespace, publicUrl } = where;
  const { limit, offset, cursor } = parseQuery(ListRequest, query);
  const asOf = asPoint(query.asOf, "as_of");
  const criteria = parseCriteria(rawCriteria(query), bucketCatalog);
  const scope = JSON.stringify(["buckets", namespace, criteria, query.asOf]);
  const after = cursor === undefined ? undefined : decodeCursor(scope, ListPlace, cursor);
  const moment = asOf === undefined ? undefined : await momentOf(parts, namespace, asOf);
  const at = moment?.at ?? now;
  const viewpoint = { at, publicUrl };
  const listing = bucketListing(viewpoint);
  // One more than asked for tells whether there is a next page.
  const pageQuery = { limit: limit + 1, offset, after };
  const page =
    moment === undefined
      ? await parts.view.list({ namespace, criteria, viewpoint, ...pageQuery })
      : pageOf(select(await countedThen(parts.view, moment), criteria, listing, pageQuery));
  const buckets = page.buckets.slice(0, limit);
  const last = buckets.at(-1);
  const hasMore = page.buckets.length > limit && last !== undefined;
  const before = after?.seen ?? offset;
  const seen = before + buckets.length;
  return {
    results: buckets.map((counted) => answerBucket(counted, at, publicUrl).bucket),
    total_count: page.totalCount,
    pagination: paginate({
      total: page.totalCount,
      limit,
      offset: before,
      hasMore,
      nextCursor: hasMore
        ? encodeCursor(scope, { ...placeOf(last, criteria, listing), seen })
        : undefined,
    }),
    stats: {
      total_objects: page.totals.objectCount,
      total_size_bytes: page.totals.totalSizeBytes,
      avg_objects_per_bucket: average(page.totals.objectCount, page.totalCount),
      avg_size_per_bucket: average(page.totals.totalSizeBytes, page.totalCount),
    },
    ...(moment !== undefined && { as_of: moment.asOf }),
  };
}

/** The buckets that there were, each with its statistics of then. */
async function countedThen(view: View, { states, point }: Moment): Promise<CountedBucket[]> {
  const existing = states.filter((state) => state.deleted === undefined);
  return await Promise.all(
    existing.map(async (state) => ({ state, stats: await view.stats(state.bucket_id, point) })),
  );
}

function pageOf({ all, page }: Selected<CountedBucket>): BucketPage {
  return { buckets: page, totalCount: all.length, totals: totalsOf(all) };
}

function average(sum: number, count: number): number {
  return count === 0 ? 0 : sum / count;
}

/** The criteria as JSON of our own, by the names of the wire. */
export function rawCriteria({ search, filters, sort, caseSensitive }: ListQuery): RawCriteria {
  return {
    search: search ?? null,
    filters: toJson(filters ?? null),
    sort: toJson(sort ?? null),
    case_sensitive: caseSensitive ?? null,
  };
}
