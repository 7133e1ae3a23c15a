/** Lists of the buckets of one namespace, as they are and as they were. */
import { z } from "zod";
import { bucketCatalog, positionOf } from "../domain/bucket/list.js";
import { emptyStats } from "../domain/bucket/stats.js";
import { parseCriteria, type RawCriteria } from "../domain/filter/parse.js";
import { toJson } from "../domain/json.js";
import { limits } from "../domain/limits.js";
import { parseQuery } from "../domain/schemas.js";
import { selectPage } from "../projections/select.js";
import { answerBucket } from "./answers.js";
import { decodeCursor, encodeCursor } from "./cursor.js";
import type { ListBucketsResponse, ListQuery } from "./interface.js";
import { momentOf } from "./moment.js";
import { paginate } from "./pagination.js";
import type { ServiceParts } from "./parts.js";
import { asPoint } from "./past.js";

const ListRequest = z.object({
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.listPageSizeDefault),
  offset: z.number().int().min(0).default(0),
  cursor: z.string().optional(),
});

/** The place of the last bucket of a page; how many came before it numbers the next page. */
const ListPlace = z.object({
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
  const selection = { criteria, viewpoint: { at, publicUrl } };
  // One more than asked for tells whether there is a next page.
  const wanted = { namespace, selection, limit: limit + 1, offset, after };
  const page =
    moment === undefined ? await parts.view.list(wanted) : selectPage(moment.states, wanted);
  const states = page.states.slice(0, limit);
  const last = states.at(-1);
  const hasMore = page.states.length > limit && last !== undefined;
  const before = after?.seen ?? offset;
  const seen = before + states.length;
  return {
    results: states.map((state) => answerBucket(state, at, publicUrl).bucket),
    total_count: page.totalCount,
    pagination: paginate({
      total: page.totalCount,
      limit,
      offset: before,
      hasMore,
      nextCursor: hasMore
        ? encodeCursor(scope, { ...positionOf(last, emptyStats, selection), seen })
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

function average(sum: number, count: number): number {
  return count === 0 ? 0 : sum / count;
}

/** The criteria as JSON of our own, by the names of the wire. */
function rawCriteria({ search, filters, sort, caseSensitive }: ListQuery): RawCriteria {
  return {
    search: search ?? null,
    filters: toJson(filters ?? null),
    sort: toJson(sort ?? null),
    case_sensitive: caseSensitive ?? null,
  };
}
