/** Lists of connections, as they are and as they were: no more of them than a page is kept in memory. */

import type { ListConnectionsResponse, ServedListQuery } from "../../api/index.js";
import {
  connectionCatalog,
  connectionListing,
  renderConnection,
} from "../../domain/connection/render.js";
import { onlyOne, type Within } from "../../domain/namespace/within.js";
import type { ReadingParts } from "../parts.js";
import { beginPage, endPage } from "../read/list-page.js";
import { idsWithin, knownPoint, presentPoint } from "../read/namespace-past.js";
import { listThen } from "../read/past-list.js";

const path = "/v1/organizations/connections/list";

export async function listConnections(
  parts: ReadingParts,
  within: Within,
  query: ServedListQuery,
): Promise<ListConnectionsResponse> {
  const begun = beginPage(query, connectionCatalog, [path, within]);
  const { criteria, asOf: asked } = begun;
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
    { ...begun.wanted, bytesMax: query.bytesMax, answer: query.answer },
  );
  const { shown, pagination } = endPage(
    { rows, isCut, total: totalCount },
    { ...begun, listing: connectionListing, path },
  );
  return {
    results: shown.map(renderConnection),
    total: totalCount,
    total_count: totalCount,
    pagination,
    ...(asked !== undefined && { as_of: asOf }),
  };
}
