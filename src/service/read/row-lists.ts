/** Lists of what is so few that all of it is read: filtered, sorted and paged as every list is. */
import type { AsOf, ListQuery, Pagination } from "../../api/index.js";
import type { FieldCatalog } from "../../domain/filter/fields.js";
import { parseCriteria } from "../../domain/filter/parse.js";
import { type Listing, select } from "../../domain/listing.js";
import { parsePaging } from "../../domain/schemas.js";
import { decodeCursor } from "./cursor.js";
import { endPage } from "./list-page.js";
import { ListPlace, ListRequest, rawCriteria } from "./lists.js";

/** What is listed, and where. */
interface Listed<Row> {
  readonly catalog: FieldCatalog;
  readonly listing: Listing<Row>;
  readonly path: string;
  /** What else tells this list from others: a cursor is good for one list alone. */
  readonly scope: readonly (string | readonly string[] | undefined)[];
  /** Asked for once it is known that the query fits. */
  readonly read: () => Promise<RowsThen<Row>>;
}

/** All rows, and of when they are, if that is past. */
interface RowsThen<Row> {
  readonly rows: readonly Row[];
  readonly asOf?: AsOf | undefined;
}

interface RowPage<Row> {
  /** Everything that was selected. */
  readonly all: readonly Row[];
  readonly page: readonly Row[];
  readonly pagination: Pagination;
  readonly asOf: AsOf | undefined;
}

/** @throws BAD_REQUEST for criteria that do not fit, or a foreign cursor; VALIDATION_FAILED for a page. */
export async function listRows<Row>(
  query: ListQuery<unknown>,
  { catalog, listing, path, scope: own, read }: Listed<Row>,
): Promise<RowPage<Row>> {
  const { limit, offset, cursor } = parsePaging(ListRequest, query);
  const criteria = parseCriteria(rawCriteria(query), catalog);
  const scope = JSON.stringify([path, ...own, criteria, query.asOf]);
  const after = cursor === undefined ? undefined : decodeCursor(scope, ListPlace, cursor);
  // One more than asked for tells whether there is a next page.
  const which = { limit: limit + 1, offset, after };
  const { rows, asOf } = await read();
  const { all, page: found } = select(rows, criteria, listing, which);
  const { shown: page, pagination } = endPage(
    { rows: found, isCut: false, total: all.length },
    { query, criteria, listing, scope, path, limit, offset, after },
  );
  return { all, page, pagination, asOf };
}
