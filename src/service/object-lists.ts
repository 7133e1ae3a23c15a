/** Lists of the objects of one bucket, as they are and as they were. */
import { parseField } from "../domain/filter/fields.js";
import { parseCriteria } from "../domain/filter/parse.js";
import type { JsonObject, JsonValue } from "../domain/json.js";
import { placeOf, select } from "../domain/listing.js";
import { memberListing } from "../domain/members.js";
import { objectCatalog } from "../domain/object/list.js";
import { objectFields } from "../domain/object/response.js";
import type { ObjectState } from "../domain/object/state.js";
import { valueAt } from "../domain/pointer.js";
import { parseQuery } from "../domain/schemas.js";
import type { MemberPage } from "../projections/view.js";
import { decodeCursor, encodeCursor } from "./cursor.js";
import type { ListObjectsResponse, ObjectListQuery } from "./interface.js";
import { ListPlace, ListRequest, rawCriteria } from "./lists.js";
import { asOfOf, knownPoint, statesOf } from "./moment.js";
import { paginate } from "./pagination.js";
import type { ServiceParts } from "./parts.js";
import { asPoint } from "./past.js";

type ListParts = Pick<ServiceParts, "events" | "view" | "clock">;

interface Where {
  readonly namespace: string;
  readonly bucketId: string;
}

export async function listObjects(
  parts: ListParts,
  where: Where,
  query: ObjectListQuery,
): Promise<ListObjectsResponse> {
  const { limit, offset, cursor } = parseQuery(ListRequest, query);
  const { bucketId } = where;
  const criteria = parseCriteria(rawCriteria(query), objectCatalog);
  const asked = asPoint(query.asOf, "as_of");
  const scope = JSON.stringify(["objects", bucketId, criteria, query.asOf]);
  const after = cursor === undefined ? undefined : decodeCursor(scope, ListPlace, cursor);
  const then = asked === undefined ? undefined : await knownPoint(parts, where.namespace, asked);
  const at = then?.at ?? parts.clock();
  const listing = memberListing("object", at);
  // One more than asked for tells whether there is a next page.
  const pageQuery = { limit: limit + 1, offset, after };
  const past = then === undefined ? undefined : await objectsAt(parts, bucketId, then.point);
  const page: MemberPage<ObjectState> =
    past === undefined
      ? await parts.view.listMembers("object", { bucketId, criteria, at, ...pageQuery })
      : pageOf(select(past, criteria, listing, pageQuery));
  const states = page.states.slice(0, limit);
  const last = states.at(-1);
  const hasMore = page.states.length > limit && last !== undefined;
  const before = after?.seen ?? offset;
  const stats = await parts.view.stats(bucketId, then?.point);
  const next = { ...(last && placeOf(last, criteria, listing)), seen: before + states.length };
  return {
    results: states.map((state) => selected(objectFields(state), query.select)),
    pagination: paginate({
      total: page.totalCount,
      limit,
      offset: before,
      hasMore,
      nextCursor: hasMore ? encodeCursor(scope, next) : undefined,
    }),
    stats: { total_objects: stats.objectCount, total_size_bytes: stats.totalSizeBytes },
    ...(then !== undefined && { as_of: await asOfOf(parts.events, past ?? [], then.isFinal) }),
  };
}

/** The objects that there were, whatever became of them. */
async function objectsAt(
  { events, view }: ListParts,
  bucketId: string,
  point: Parameters<typeof statesOf>[3],
): Promise<ObjectState[]> {
  const ids = await view.memberIds("object", bucketId);
  const states = await statesOf(events, "object", ids, point);
  return states.filter((state) => state.deleted === undefined);
}

function pageOf({ all, page }: { all: readonly ObjectState[]; page: readonly ObjectState[] }) {
  return { states: page, totalCount: all.length };
}

/** The fields that were asked for, where they are, and the id. */
function selected(fields: JsonObject, names: readonly string[] | null | undefined): JsonObject {
  if (names === null || names === undefined) return fields;
  const { object_id } = fields;
  let shown: JsonObject = object_id === undefined ? {} : { object_id };
  for (const name of names) {
    const path = parseField(name) ?? [];
    const value = valueAt(fields, path);
    if (value !== undefined) shown = withValue(shown, path, value);
  }
  return shown;
}

function withValue(
  object: JsonObject,
  [key, ...rest]: readonly string[],
  value: JsonValue,
): JsonObject {
  if (key === undefined) return object;
  const below = Object.hasOwn(object, key) ? object[key] : undefined;
  const inner = typeof below === "object" && below !== null && !Array.isArray(below) ? below : {};
  const item =
    rest.length === 0 ? value : withValue(Object.fromEntries(Object.entries(inner)), rest, value);
  return Object.fromEntries([
    ...Object.entries(object).filter(([name]) => name !== key),
    [key, item],
  ]);
}
