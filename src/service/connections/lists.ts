/** Lists of connections, as they are and as they were. */

import type { ListConnectionsResponse, ListQuery } from "../../api/index.js";
import {
  connectionCatalog,
  connectionListing,
  renderConnection,
} from "../../domain/connection/render.js";
import type { ConnectionState } from "../../domain/connection/state.js";
import { onlyOne, type Within } from "../../domain/namespace/within.js";
import type { ReadingParts } from "../parts.js";
import { idsWithin, knownPoint, Newest, statesOf } from "../read/namespace-past.js";
import { listRows } from "../read/row-lists.js";
import { asPoint } from "../read/stream-past.js";

export async function listConnections(
  parts: ReadingParts,
  within: Within,
  query: ListQuery<unknown>,
): Promise<ListConnectionsResponse> {
  const { all, page, pagination, asOf } = await listRows(query, {
    catalog: connectionCatalog,
    listing: connectionListing,
    path: "/v1/organizations/connections/list",
    scope: [within],
    read: () => connectionsOf(parts, within, query.asOf),
  });
  return {
    results: page.map(renderConnection),
    total: all.length,
    total_count: all.length,
    pagination,
    ...(asOf !== undefined && { as_of: asOf }),
  };
}

async function connectionsOf(parts: ReadingParts, within: Within, asked: string | undefined) {
  const { view, events } = parts;
  const point = asPoint(asked, "as_of");
  if (point === undefined) return { rows: await view.connections(within) };
  const then = await knownPoint(parts, onlyOne(within), point);
  const ids = await idsWithin(view, "connection", within);
  const newest = new Newest();
  const rows: ConnectionState[] = [];
  for await (const state of statesOf(events, "connection", ids, then.point)) {
    newest.add(state);
    if (state.deleted === undefined) rows.push(state);
  }
  return { rows, asOf: await newest.asOf(events, then.isFinal) };
}
