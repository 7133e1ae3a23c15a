/** Lists of what is in one bucket, as it is and as it was: objects, batches, uploads. */

import type { AsOf, Pagination, ServedListQuery } from "../../api/index.js";
import { parseCriteria } from "../../domain/filter/parse.js";
import { select } from "../../domain/listing.js";
import { memberListing } from "../../domain/members.js";
import { isDeleted, type MemberKind, memberNamed, type StateOf } from "../../domain/resource.js";
import { parsePaging } from "../../domain/schemas.js";
import type { LogPoint } from "../../eventstore/store.js";
import type { ReadingParts } from "../parts.js";
import { decodeCursor } from "./cursor.js";
import { endPage } from "./list-page.js";
import { ListPlace, ListRequest, rawCriteria } from "./lists.js";
import { asOfOf, knownPoint, statesOf } from "./namespace-past.js";
import { asPoint } from "./stream-past.js";

/** Whose members are listed, and how they can be asked for. */
interface Where<Kind extends MemberKind> {
  readonly kind: Kind;
  readonly namespace: string;
  readonly bucketId: string;
}

interface Listed<State> {
  readonly states: readonly State[];
  readonly totalCount: number;
  readonly pagination: Pagination;
  /** The moment that the answer is about, milliseconds. */
  readonly at: number;
  /** There for an answer about the past: everything that there was, and when. */
  readonly past?: readonly State[];
  readonly point?: LogPoint;
  readonly asOf?: AsOf;
}

export async function listMembers<Kind extends MemberKind>(
  parts: ReadingParts,
  { kind, namespace, bucketId }: Where<Kind>,
  query: ServedListQuery,
): Promise<Listed<StateOf<Kind>>> {
  const { limit, offset, cursor } = parsePaging(ListRequest, query);
  const criteria = parseCriteria(rawCriteria(query), memberNamed(kind).listing.catalog);
  const asked = asPoint(query.asOf, "as_of");
  const scope = JSON.stringify([kind, bucketId, criteria, query.asOf]);
  const after = cursor === undefined ? undefined : decodeCursor(scope, ListPlace, cursor);
  const then = asked === undefined ? undefined : await knownPoint(parts, namespace, asked);
  const at = then?.at ?? parts.clock();
  const listing = memberListing(kind, at);
  // One more than asked for tells whether there is a next page.
  const pageQuery = { limit: limit + 1, offset, after, bytesMax: query.bytesMax };
  const past = then && (await membersAt(parts, kind, bucketId, then.point));
  const selected = past && select(past, criteria, listing, pageQuery);
  const page =
    selected === undefined
      ? await parts.view.listMembers(kind, { bucketId, criteria, at, ...pageQuery })
      : { states: selected.page, totalCount: selected.all.length, isCut: false };
  const path = `/v1/buckets/${bucketId}/${memberNamed(kind).table.name}/list`;
  const { shown, pagination } = endPage(
    { rows: page.states, isCut: page.isCut, total: page.totalCount },
    { query, criteria, listing, scope, path, limit, offset, after },
  );
  return {
    states: shown,
    totalCount: page.totalCount,
    at,
    pagination,
    ...(past && { past }),
    ...(then && {
      point: then.point,
      asOf: await asOfOf(parts.events, past ?? [], then.isFinal),
    }),
  };
}

/** What there was in the bucket, whatever became of it. */
export async function membersAt<Kind extends MemberKind>(
  { events, view }: ReadingParts,
  kind: Kind,
  bucketId: string,
  point: LogPoint,
): Promise<StateOf<Kind>[]> {
  const ids = await view.memberIds(kind, bucketId);
  const states = await statesOf(events, kind, ids, point);
  return states.filter((state) => !isDeleted(state));
}
