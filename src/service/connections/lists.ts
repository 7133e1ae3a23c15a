/** Lists of connections, as they are and as they were: no more of them than a page is kept in memory. */

import type { ListConnectionsResponse, ServedListQuery } from "../../api/index.js";
import {
  connectionCatalog,
  connectionListing,
  renderConnection,
} from "../../domain/connection/render.js";
import { parseCriteria } from "../../domain/filter/parse.js";
import { onlyOne, type Within } from "../../domain/namespace/within.js";
import { parsePaging } from "../../domain/schemas.js";
import type { ReadingParts } from "../parts.js";
import { decodeCursor } from "../read/cursor.js";
import { endPage } from "../read/list-page.js";
import { ListPlace, ListRequest, rawCriteria } from "../read/lists.js";
import { idsWithin, knownPoint, presentPoint } from "../read/namespace-past.js";
import { listThen } from "../read/past-list.js";
import { asPoint } from "../read/stream-past.js";

const path = "/v1/organizations/connections/list";

export async function listConnections(
  parts: ReadingParts,
  within: Within,
  query: ServedListQuery,
): Promise<ListConnectionsResponse> {
  const { limit, offset, cursor } = parsePaging(ListRequest, query);
  const criteria = parseCriteria(rawCriteria(query), connectionCatalog);
  const asked = asPoint(query.asOf, "as_of");
  const scope = JSON.stringify([path, within, criteria, query.asOf]);
  const after = cursor === undefined ? undefined : decodeCursor(scope, ListPlace, cursor);
  const then =
    asked === undefined
      ? await presentPoint(parts)
      : await knownPoint(parts, onlyOne(within), asked);
  const { rows, isCut, totalCount, asOf } = await listThen(
    parts.events,
    {
      kind: "connection",
      then,
      criteria,
      listing: connectionListing,
      ids: () => idsWithin(parts.view, "connection", within),
      rowOf: async (state) => state,
    },
    // One more than asked for tells whether there is a next page.
    { limit: limit + 1, offset, after, bytesMax: query.bytesMax, answer: query.answer },
  );
  const { shown, pagination } = endPage(
    { rows, isCut, total: totalCount },
    { query, criteria, listing: connectionListing, scope, path, limit, offset, after },
  );
  return {
    results: shown.map(renderConnection),
    total: totalCount,
    total_count: totalCount,
    pagination,
    ...(asked !== undefined && { as_of: asOf }),
  };
}
