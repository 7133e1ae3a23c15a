/** The namespaces that there were at a moment, with what was in them. */
import type { AsOf } from "../../api/index.js";
import type { CountedNamespace, FoundNamespace } from "../../domain/namespace/response.js";
import { countNamespaces, namespaceKinds } from "../../domain/namespaces.js";
import { isDeleted, type ResourceState } from "../../domain/resource.js";
import type { LogPoint } from "../../eventstore/store.js";
import type { ServiceParts } from "../parts.js";
import { Newest, statesOf } from "../read/namespace-past.js";

export interface NamespacesThen {
  readonly namespaces: readonly CountedNamespace[];
  readonly asOf: AsOf;
}

type Parts = Pick<ServiceParts, "events" | "view">;

/**
 * Reads every bucket and connection that there ever was in the namespace, however long their histories.
 *
 * @param name of the one that is asked for.
 */
export async function namespacesAt(
  parts: Parts,
  point: LogPoint,
  isFinal: boolean,
  name: string,
): Promise<NamespacesThen> {
  return await lookedAt(parts, { point, isFinal, name });
}

/** All that there were, by the order of their names. Reads everything that there ever was in each. */
export async function foundAt(
  parts: Parts,
  point: LogPoint,
  isFinal: boolean,
): Promise<{ readonly found: readonly FoundNamespace[]; readonly asOf: AsOf }> {
  const { namespaces, asOf } = await lookedAt(parts, { point, isFinal, name: undefined });
  const found = namespaces.map(({ state, ...counts }) => ({
    ...counts,
    namespaceId: state?.namespace_id,
  }));
  return { found, asOf };
}

/** Of all namespaces together no documents are kept: they may be many, and each may be large. */
async function lookedAt(
  { events, view }: Parts,
  asked: { readonly point: LogPoint; readonly isFinal: boolean; readonly name: string | undefined },
): Promise<NamespacesThen> {
  const { point, isFinal, name } = asked;
  const newest = new Newest();
  const there: ResourceState[] = [];
  const objects = new Map<string, number>();
  for (const kind of namespaceKinds) {
    for await (const state of statesOf(events, kind, await view.idsOf(kind, name), point)) {
      newest.add(state);
      if (isDeleted(state)) continue;
      // Of what is in it a namespace only tells how many there are.
      const isWhole = state.kind === "namespace" && name !== undefined;
      there.push(isWhole ? state : { ...state, document: {} });
      if (state.kind !== "bucket") continue;
      const { objectCount } = await view.stats(state.bucket_id, point);
      objects.set(state.bucket_id, objectCount);
    }
  }
  return {
    namespaces: countNamespaces(there, (bucketId) => objects.get(bucketId) ?? 0),
    asOf: await newest.asOf(events, isFinal),
  };
}
