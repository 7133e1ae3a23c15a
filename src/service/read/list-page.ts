/** The end of every list that is filtered, sorted and paged by cursors: what is shown, and where it goes on. */
import type { ListQuery, Pagination } from "../../api/index.js";
import type { Criteria } from "../../domain/filter/parse.js";
import { type Listing, placeOf } from "../../domain/listing.js";
import { encodeCursor } from "./cursor.js";
import { paginate } from "./pagination.js";

/** What was asked for. */
interface Asked<Row> {
  readonly query: Pick<ListQuery, "asOf">;
  readonly criteria: Criteria;
  readonly listing: Listing<Row>;
  /** Tells this list from others: a cursor is good for one alone. */
  readonly scope: string;
  readonly path: string;
  readonly limit: number;
  readonly offset: number;
  /** The place of the cursor, and how many were seen up to it. */
  readonly after: { readonly seen: number } | undefined;
}

/** What was found: one row more than the limit, where there are so many. */
interface Found<Row> {
  readonly rows: readonly Row[];
  /** Whether there are more though these are fewer, because of their size. */
  readonly isCut: boolean;
  readonly total: number;
}

export function endPage<Row>(
  { rows, isCut, total }: Found<Row>,
  { query, criteria, listing, scope, path, limit, offset, after }: Asked<Row>,
): { readonly shown: readonly Row[]; readonly pagination: Pagination } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = (rows.length > limit || isCut) && last !== undefined;
  const before = after?.seen ?? offset;
  const seen = before + shown.length;
  const pagination = paginate({
    path,
    asOf: query.asOf,
    total,
    limit,
    offset: before,
    hasMore,
    nextCursor: hasMore
      ? encodeCursor(scope, { ...placeOf(last, criteria, listing), seen })
      : undefined,
  });
  return { shown, pagination };
}
