/** Lists of what is in one bucket, as it is and as it was: objects, batches, uploads. */
import type { FieldCatalog } from "../domain/filter/fields.js";
import { parseCriteria } from "../domain/filter/parse.js";
import { placeOf, select } from "../domain/listing.js";
import { type MemberKind, memberListing } from "../domain/members.js";
import { isDeleted, type StateOf } from "../domain/resource.js";
import { parseQuery } from "../domain/schemas.js";
import type { LogPoint } from "../eventstore/store.js";
import { decodeCursor, encodeCursor } from "./cursor.js";
import type { AsOf, ListQuery, Pagination } from "./interface.js";
import { ListPlace, ListRequest, rawCriteria } from "./lists.js";
import { asOfOf, knownPoint, statesOf } from "./moment.js";
import { paginate } from "./pagination.js";
import type { ServiceParts } from "./parts.js";
import { asPoint } from "./past.js";

type ListParts = Pick<ServiceParts, "events" | "view" | "clock">;

/** Whose members are listed, and how they can be asked for. */
interface Where<Kind extends MemberKind> {
  readonly kind: Kind;
  readonly namespace: string;
  readonly bucketId: string;
  readonly catalog: FieldCatalog;
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

export async function listMembers<Kind extends MemberKind>(
  parts: ListParts,
  { kind, namespace, bucketId, catalog }: Where<Kind>,
  query: ListQuery,
): Promise<Listed<StateOf<Kind>>> {
  const { limit, offset, cursor } = parseQuery(ListRequest, query);
  const criteria = parseCriteria(rawCriteria(query), catalog);
  const asked = asPoint(query.asOf, "as_of");
  const scope = JSON.stringify([kind, bucketId, criteria, query.asOf]);
  const after = cursor === undefined ? undefined : decodeCursor(scope, ListPlace, cursor);
  const then = asked === undefined ? undefined : await knownPoint(parts, namespace, asked);
  const at = then?.at ?? parts.clock();
  const listing = memberListing(kind, at);
  // One more than asked for tells whether there is a next page.
  const pageQuery = { limit: limit + 1, offset, after };
  const past = then && (await membersAt(parts, kind, bucketId, then.point));
  const selected = past && select(past, criteria, listing, pageQuery);
  const page =
    selected === undefined
      ? await parts.view.listMembers(kind, { bucketId, criteria, at, ...pageQuery })
      : { states: selected.page, totalCount: selected.all.length };
  const states = page.states.slice(0, limit);
  const last = states.at(-1);
  const hasMore = page.states.length > limit && last !== undefined;
  const before = after?.seen ?? offset;
  const next = { ...(last && placeOf(last, criteria, listing)), seen: before + states.length };
  return {
    states,
    totalCount: page.totalCount,
    at,
    pagination: paginate({
      total: page.totalCount,
      limit,
      offset: before,
      hasMore,
      nextCursor: hasMore ? encodeCursor(scope, next) : undefined,
    }),
    ...(then && {
      point: then.point,
      asOf: await asOfOf(parts.events, past ?? [], then.isFinal),
    }),
  };
}

/** What there was in the bucket, whatever became of it. */
async function membersAt<Kind extends MemberKind>(
  { events, view }: ListParts,
  kind: Kind,
  bucketId: string,
  point: LogPoint,
): Promise<StateOf<Kind>[]> {
  const ids = await view.memberIds(kind, bucketId);
  const states = await statesOf(events, kind, ids, point);
  return states.filter((state) => !isDeleted(state));
}
