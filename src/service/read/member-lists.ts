/** Lists of what is in one bucket, as it is and as it was: objects, batches, uploads. */

import type { AsOf, Pagination, ServedListQuery } from "../../api/index.js";
import type { PageQuery } from "../../domain/listing.js";
import { memberListing } from "../../domain/members.js";
import { type MemberKind, memberNamed, type StateOf } from "../../domain/resource.js";
import type { LogPoint } from "../../eventstore/store.js";
import type { MemberPage } from "../../projections/view.js";
import type { ReadingParts } from "../parts.js";
import { beginPage, endPage } from "./list-page.js";
import { knownPoint } from "./namespace-past.js";
import { listThen, type PastList } from "./past-list.js";

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
  /** There for an answer about the past. */
  readonly point?: LogPoint;
  readonly asOf?: AsOf;
}

/** @param onThen told of an answer about the past each that there was. */
export async function listMembers<Kind extends MemberKind>(
  parts: ReadingParts,
  { kind, namespace, bucketId }: Where<Kind>,
  query: ServedListQuery,
  onThen: (state: StateOf<Kind>) => void = () => {},
): Promise<Listed<StateOf<Kind>>> {
  const begun = beginPage(query, memberNamed(kind).listing.catalog, [kind, bucketId]);
  const { criteria, asOf: asked } = begun;
  const then = asked === undefined ? undefined : await knownPoint(parts, namespace, asked);
  const at = then?.at ?? parts.clock();
  const listing = memberListing(kind, at);
  const pageQuery = { ...begun.wanted, bytesMax: query.bytesMax };
  const page: MemberPage<StateOf<Kind>> & { readonly asOf?: AsOf } = await (then === undefined
    ? parts.view.listMembers(kind, { bucketId, criteria, at, ...pageQuery })
    : membersThen(parts, { kind, bucketId, then, criteria }, { ...query, ...pageQuery }, onThen));
  const path = `/v1/buckets/${bucketId}/${memberNamed(kind).table.name}/list`;
  const { shown, pagination } = endPage(
    { rows: page.states, isCut: page.isCut, total: page.totalCount },
    { ...begun, listing, path },
  );
  return {
    states: shown,
    totalCount: page.totalCount,
    at,
    pagination,
    ...(then && { point: then.point }),
    ...(page.asOf && { asOf: page.asOf }),
  };
}

async function membersThen<Kind extends MemberKind>(
  { events, view }: ReadingParts,
  list: Pick<PastList<Kind, StateOf<Kind>>, "kind" | "then" | "criteria"> & {
    readonly bucketId: string;
  },
  query: PageQuery & Pick<ServedListQuery, "answer">,
  onThen: (state: StateOf<Kind>) => void,
): Promise<MemberPage<StateOf<Kind>> & { readonly asOf: AsOf }> {
  const { kind, then, bucketId } = list;
  const past = {
    ...list,
    listing: memberListing(kind, then.at),
    ids: () => view.memberIds(kind, bucketId),
    rowOf: async (state: StateOf<Kind>) => state,
  };
  const { rows: states, ...page } = await listThen(events, past, query, onThen);
  return { states, ...page };
}
