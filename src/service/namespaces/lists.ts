/** Lists of namespaces, as they are and as they were: no more of them than a page is kept in memory. */

import type { AsOf, ListNamespacesResponse, ServedNamespaceListQuery } from "../../api/index.js";
import type { ListPosition } from "../../domain/filter/order.js";
import type { Criteria } from "../../domain/filter/parse.js";
import { isJsonArray, type JsonValue } from "../../domain/json.js";
import { type PageQuery, placesOn, Selection } from "../../domain/listing.js";
import { roughBytes } from "../../domain/measure.js";
import {
  type CountedNamespace,
  type FoundNamespace,
  namespaceCatalog,
  namespaceListing,
  renderNamespace,
} from "../../domain/namespace/response.js";
import { hasNamespace } from "../../domain/namespace/within.js";
import { isDeleted } from "../../domain/resource.js";
import type { EventStore, LogPoint } from "../../eventstore/store.js";
import type { ReadingParts } from "../parts.js";
import { type Begun, beginPage, endPage } from "../read/list-page.js";
import { average } from "../read/lists.js";
import { knownPoint, presentPoint, statesOf } from "../read/namespace-past.js";
import { foundAt } from "./namespaces-at.js";

const path = "/v1/namespaces/list";

export async function listNamespaces(
  parts: ReadingParts,
  query: ServedNamespaceListQuery,
): Promise<ListNamespacesResponse> {
  const begun = beginPage(query, namespaceCatalog, [path]);
  const { answer } = query;
  const told = (answer && toldFor.get(answer)) ?? (await lookAtAll(parts, query, begun));
  if (answer !== undefined) toldFor.set(answer, told);
  const which = { ...begun.wanted, bytesMax: query.bytesMax };
  const { rows, isCut } = await readPage(parts.events, told, begun.criteria, which);
  const { shown, pagination } = endPage(
    { rows, isCut, total: told.places.length },
    { ...begun, listing: namespaceListing, path },
  );
  return {
    results: shown.map(renderNamespace),
    total_count: told.places.length,
    pagination,
    stats: told.stats,
    ...(told.asOf !== undefined && { as_of: told.asOf }),
  };
}

/** All that there are, and at which moment. */
interface FoundThen {
  readonly found: readonly FoundNamespace[];
  readonly point: LogPoint;
  /** There for the past. */
  readonly asOf?: AsOf;
}

/** What is told of all of them, whatever is shown. */
interface Told extends Pick<FoundThen, "point" | "asOf"> {
  readonly found: ReadonlyMap<string, FoundNamespace>;
  /** Of everything that is selected, in order. */
  readonly places: readonly ListPosition[];
  readonly stats: ListNamespacesResponse["stats"];
}

/** By the answer that they are for: its next part is not looked for again. */
const toldFor = new WeakMap<object, Told>();

async function lookAtAll(
  parts: ReadingParts,
  { within }: ServedNamespaceListQuery,
  { criteria, asOf }: Pick<Begun, "criteria" | "asOf">,
): Promise<Told> {
  const { found: all, ...then } = await foundThen(parts, asOf);
  const found = all.filter(({ name }) => hasNamespace(within, name));
  const selection = new Selection(criteria, namespaceListing);
  const totals = { namespaces: 0, buckets: 0, objects: 0, extractors: 0, indexes: 0 };
  for await (const counted of countedOf(parts.events, found, then.point)) {
    if (!selection.add(counted)) continue;
    const { document } = counted.state ?? {};
    totals.namespaces += 1;
    totals.buckets += counted.bucketCount;
    totals.objects += counted.objectCount;
    totals.extractors += lengthOf(document?.["feature_extractors"]);
    totals.indexes += lengthOf(document?.["payload_indexes"]);
  }
  const byName = new Map(found.map((one) => [one.name, one]));
  return { ...then, found: byName, places: selection.ordered(), stats: statsOf(totals) };
}

async function foundThen(parts: ReadingParts, asOf: Begun["asOf"]): Promise<FoundThen> {
  if (asOf !== undefined) {
    const { point, isFinal } = await knownPoint(parts, undefined, asOf);
    return { point, ...(await foundAt(parts, point, isFinal)) };
  }
  const found = await parts.view.foundNamespaces();
  const { point } = await presentPoint(parts);
  return { found, point };
}

async function readPage(
  events: EventStore,
  { found, places, point }: Told,
  criteria: Criteria,
  query: PageQuery,
): Promise<{ readonly rows: readonly CountedNamespace[]; readonly isCut: boolean }> {
  const { bytesMax = Number.POSITIVE_INFINITY } = query;
  const wanted = placesOn(places, criteria, query).flatMap(({ id }) => found.get(id) ?? []);
  const rows: CountedNamespace[] = [];
  let bytes = 0;
  for await (const counted of countedOf(events, wanted, point)) {
    bytes += counted.state === undefined ? 0 : roughBytes(counted.state);
    if (rows.length > 0 && bytes > bytesMax) return { rows, isCut: true };
    rows.push(counted);
  }
  return { rows, isCut: false };
}

/** Each with what it said of itself at that point, in their order; without those that were gone by then. */
async function* countedOf(
  events: EventStore,
  found: readonly FoundNamespace[],
  point: LogPoint,
): AsyncIterable<CountedNamespace> {
  const ids = found.flatMap(({ namespaceId }) => namespaceId ?? []);
  const states = statesOf(events, "namespace", ids, point)[Symbol.asyncIterator]();
  for (const { namespaceId, ...counts } of found) {
    if (namespaceId === undefined) {
      yield { ...counts, state: undefined };
      continue;
    }
    const { value: state } = await states.next();
    if (state !== undefined && !isDeleted(state)) yield { ...counts, state };
  }
}

function statsOf(totals: {
  readonly namespaces: number;
  readonly buckets: number;
  readonly objects: number;
  readonly extractors: number;
  readonly indexes: number;
}): ListNamespacesResponse["stats"] {
  const { namespaces, buckets, objects, extractors, indexes } = totals;
  return {
    total_buckets: buckets,
    total_objects: objects,
    total_documents: 0,
    total_collections: 0,
    total_feature_extractors: extractors,
    total_payload_indexes: indexes,
    avg_buckets_per_namespace: average(buckets, namespaces),
    avg_objects_per_namespace: average(objects, namespaces),
    avg_documents_per_namespace: 0,
    avg_collections_per_namespace: 0,
    avg_feature_extractors_per_namespace: average(extractors, namespaces),
    avg_payload_indexes_per_namespace: average(indexes, namespaces),
  };
}

function lengthOf(value: JsonValue | undefined): number {
  return value !== undefined && isJsonArray(value) ? value.length : 0;
}
