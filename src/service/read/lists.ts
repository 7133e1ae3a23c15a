/** Lists of the buckets of one namespace, as they are and as they were. */
import type { AsOf, ListBucketsResponse, ListQuery, ServedListQuery } from "../../api/index.js";
import { assertAsked, type Question } from "../../api/questions.js";
import { bucketCatalog, bucketListing, type CountedBucket } from "../../domain/bucket/list.js";
import { toJson } from "../../domain/json.js";
import { type BucketPage, totalsOf, type ListQuery as ViewQuery } from "../../projections/view.js";
import { answerBucket } from "../buckets/answers.js";
import type { ReadingParts } from "../parts.js";
import { beginPage, endPage } from "./list-page.js";
import { type KnownPoint, knownPoint } from "./namespace-past.js";
import { listThen } from "./past-list.js";

/** @param now the time of the store. */
export async function listBuckets(
  parts: ReadingParts,
  where: { readonly namespace: string; readonly publicUrl: string },
  query: ServedListQuery,
  now: number,
): Promise<ListBucketsResponse> {
  const { namespace, publicUrl } = where;
  const begun = beginPage(query, bucketCatalog, ["buckets", namespace]);
  const { criteria, asOf } = begun;
  const then = asOf === undefined ? undefined : await knownPoint(parts, namespace, asOf);
  const at = then?.at ?? now;
  const viewpoint = { at, publicUrl };
  const listing = bucketListing(viewpoint);
  const pageQuery = { ...begun.wanted, bytesMax: query.bytesMax };
  const page: BucketPage & { readonly asOf?: AsOf } =
    then === undefined
      ? await parts.view.list({ namespace, criteria, viewpoint, ...pageQuery })
      : await bucketsThen(parts, { namespace, criteria, viewpoint, ...pageQuery }, then, query);
  const { shown, pagination } = endPage(
    { rows: page.buckets, isCut: page.isCut, total: page.totalCount },
    { ...begun, listing, path: "/v1/buckets/list" },
  );
  return {
    results: shown.map((counted) => answerBucket(counted, at, publicUrl).bucket),
    total_count: page.totalCount,
    pagination,
    stats: {
      total_objects: page.totals.objectCount,
      total_size_bytes: page.totals.totalSizeBytes,
      avg_objects_per_bucket: average(page.totals.objectCount, page.totalCount),
      avg_size_per_bucket: average(page.totals.totalSizeBytes, page.totalCount),
    },
    ...(page.asOf && { as_of: page.asOf }),
  };
}

/** The buckets that there were, each with its statistics of then. */
async function bucketsThen(
  { events, view }: ReadingParts,
  { namespace, criteria, viewpoint, ...pageQuery }: ViewQuery,
  then: KnownPoint,
  { answer }: Pick<ServedListQuery, "answer">,
): Promise<BucketPage & { readonly asOf: AsOf }> {
  const selected: Pick<CountedBucket, "stats">[] = [];
  const { rows, ...page } = await listThen(
    events,
    {
      kind: "bucket",
      then,
      criteria,
      listing: bucketListing(viewpoint),
      ids: () => view.idsOf("bucket", namespace),
      rowOf: async (state) => ({ state, stats: await view.stats(state.bucket_id, then.point) }),
    },
    { ...pageQuery, answer },
    ({ stats }, isSelected) => {
      if (isSelected) selected.push({ stats });
    },
  );
  return { ...page, buckets: rows, totals: totalsOf(selected) };
}

export function average(sum: number, count: number): number {
  return count === 0 ? 0 : sum / count;
}

/**
 * A copy: what is listed is read bit by bit, and the query is the caller's.
 * @throws BAD_REQUEST for a name that lists of the kind do not know.
 */
export function ownQuery<Query extends ListQuery<unknown>>(
  query: Query,
  question: Question = "serveList",
): Query {
  assertAsked(question, query);
  const { filters, sort } = query;
  return { ...query, filters: toJson(filters ?? null), sort: sort && { ...sort } };
}
