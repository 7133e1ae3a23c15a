/** Both ends of every list that is filtered, sorted and paged by cursors: what is asked, and what is shown. */
import { z } from "zod";
import type { ListQuery, Pagination } from "../../api/index.js";
import type { FieldCatalog } from "../../domain/filter/fields.js";
import { type Criteria, parseCriteria, type RawCriteria } from "../../domain/filter/parse.js";
import { toJson } from "../../domain/json.js";
import { limits } from "../../domain/limits.js";
import { type Listing, placeOf } from "../../domain/listing.js";
import { parsePaging } from "../../domain/schemas.js";
import { cursorText, decodeCursor, encodeCursor } from "./cursor.js";
import { paginate } from "./pagination.js";
import { type AskedPoint, asPoint } from "./stream-past.js";

const ListRequest = z.object({
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.listPageSizeDefault),
  offset: z.number().int().min(0).default(0),
  cursor: cursorText,
});

/** The place of the last bucket of a page; how many came before it numbers the next page. */
const ListPlace = z.object({
  sortKey: z.string().optional(),
  createdAt: z.string(),
  id: z.string(),
  seen: z.number(),
});

/** What was asked for. */
export interface Begun {
  readonly query: Pick<ListQuery, "asOf">;
  readonly criteria: Criteria;
  readonly asOf: AskedPoint | undefined;
  /** Tells this list from others: a cursor is good for one alone. */
  readonly scope: string;
  readonly limit: number;
  /** What to read: one more than asked for, which tells whether there is a next page. */
  readonly wanted: {
    readonly limit: number;
    readonly offset: number;
    /** The place of the cursor, and how many were seen up to it. */
    readonly after: z.infer<typeof ListPlace> | undefined;
  };
}

interface Asked<Row> extends Begun {
  readonly listing: Listing<Row>;
  readonly path: string;
}

/**
 * @param whose what tells this list from others, beside what it is asked for.
 * @throws VALIDATION_FAILED for a page that cannot be; BAD_REQUEST for criteria that do not fit, what is no
 * point of the past, and the cursor of another list.
 */
export function beginPage(
  query: ListQuery<unknown>,
  catalog: FieldCatalog,
  whose: readonly unknown[],
): Begun {
  const { limit, offset, cursor } = parsePaging(ListRequest, query);
  const criteria = parseCriteria(rawCriteria(query), catalog);
  const asOf = asPoint(query.asOf, "as_of");
  const scope = JSON.stringify([...whose, criteria, query.asOf]);
  const after = cursor === undefined ? undefined : decodeCursor(scope, ListPlace, cursor);
  return { query, criteria, asOf, scope, limit, wanted: { limit: limit + 1, offset, after } };
}

/** The criteria as JSON of our own, by the names of the wire. */
function rawCriteria({ search, filters, sort, caseSensitive }: ListQuery<unknown>): RawCriteria {
  return {
    search: search ?? null,
    filters: toJson(filters ?? null),
    sort: toJson(sort ?? null),
    case_sensitive: caseSensitive ?? null,
  };
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
  { query, criteria, listing, scope, path, limit, wanted: { offset, after } }: Asked<Row>,
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
