/** Lists of namespaces, as they are and as they were. */

import type { ListNamespacesResponse, ServedNamespaceListQuery } from "../../api/index.js";
import { isJsonArray, type JsonValue } from "../../domain/json.js";
import {
  type CountedNamespace,
  namespaceCatalog,
  namespaceListing,
  renderNamespace,
} from "../../domain/namespace/response.js";
import { hasNamespace } from "../../domain/namespace/within.js";
import type { ReadingParts } from "../parts.js";
import { knownPoint } from "../read/namespace-past.js";
import { listRows } from "../read/row-lists.js";
import { asPoint } from "../read/stream-past.js";
import { namespacesAt } from "./namespaces-at.js";

export async function listNamespaces(
  parts: ReadingParts,
  query: ServedNamespaceListQuery,
): Promise<ListNamespacesResponse> {
  const { within } = query;
  const { all, page, pagination, asOf } = await listRows(query, {
    catalog: namespaceCatalog,
    listing: namespaceListing,
    path: "/v1/namespaces/list",
    scope: [],
    read: async () => {
      const { namespaces, asOf } = await namespacesOf(parts, query.asOf);
      return { rows: namespaces.filter(({ name }) => hasNamespace(within, name)), asOf };
    },
  });
  return {
    results: page.map(renderNamespace),
    total_count: all.length,
    pagination,
    stats: statsOf(all),
    ...(asOf !== undefined && { as_of: asOf }),
  };
}

async function namespacesOf(parts: ReadingParts, asked: string | undefined) {
  const point = asPoint(asked, "as_of");
  if (point === undefined) return { namespaces: await parts.view.namespaces(), asOf: undefined };
  const then = await knownPoint(parts, undefined, point);
  return await namespacesAt(parts, then.point, then.isFinal);
}

function statsOf(namespaces: readonly CountedNamespace[]): ListNamespacesResponse["stats"] {
  const sum = (countOf: (namespace: CountedNamespace) => number) =>
    namespaces.reduce((total, namespace) => total + countOf(namespace), 0);
  const average = (total: number) => (namespaces.length === 0 ? 0 : total / namespaces.length);
  const buckets = sum(({ bucketCount }) => bucketCount);
  const objects = sum(({ objectCount }) => objectCount);
  const extractors = sum(({ state }) => lengthOf(state?.document["feature_extractors"]));
  const indexes = sum(({ state }) => lengthOf(state?.document["payload_indexes"]));
  return {
    total_buckets: buckets,
    total_objects: objects,
    total_documents: 0,
    total_collections: 0,
    total_feature_extractors: extractors,
    total_payload_indexes: indexes,
    avg_buckets_per_namespace: average(buckets),
    avg_objects_per_namespace: average(objects),
    avg_documents_per_namespace: 0,
    avg_collections_per_namespace: 0,
    avg_feature_extractors_per_namespace: average(extractors),
    avg_payload_indexes_per_namespace: average(indexes),
  };
}

function lengthOf(value: JsonValue | undefined): number {
  return value !== undefined && isJsonArray(value) ? value.length : 0;
}
