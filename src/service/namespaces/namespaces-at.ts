/** The namespaces that there were at a moment, with what was in them. */
import type { AsOf } from "../../api/index.js";
import type { CountedNamespace } from "../../domain/namespace/response.js";
import { countNamespaces } from "../../domain/namespaces.js";
import { isDeleted, type ResourceState } from "../../domain/resource.js";
import type { LogPoint } from "../../eventstore/store.js";
import type { ServiceParts } from "../parts.js";
import { Newest, statesOf } from "../read/namespace-past.js";

export interface NamespacesThen {
  readonly namespaces: readonly CountedNamespace[];
  readonly asOf: AsOf;
}

/**
 * Reads every namespace, bucket and connection that there ever was, however long their histories.
 *
 * @param name of the one that is asked for; all unless given.
 */
export async function namespacesAt(
  { events, view }: Pick<ServiceParts, "events" | "view">,
  point: LogPoint,
  isFinal: boolean,
  name?: string,
): Promise<NamespacesThen> {
  const newest = new Newest();
  const there: ResourceState[] = [];
  const objects = new Map<string, number>();
  for (const kind of ["namespace", "bucket", "connection"] as const) {
    for await (const state of statesOf(events, kind, await view.idsOf(kind, name), point)) {
      newest.add(state);
      if (isDeleted(state)) continue;
      // Of what is in it a namespace only tells how many there are.
      there.push(state.kind === "namespace" ? state : { ...state, document: {} });
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
