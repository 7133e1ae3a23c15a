/** The namespaces that there were at a moment, with what was in them. */
import type { AsOf } from "../../api/index.js";
import type { CountedNamespace } from "../../domain/namespace/response.js";
import { countNamespaces } from "../../domain/namespaces.js";
import { isDeleted } from "../../domain/resource.js";
import type { LogPoint } from "../../eventstore/store.js";
import type { ServiceParts } from "../parts.js";
import { asOfOf, statesOf } from "../read/namespace-past.js";

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
  const namespaces = await statesOf(
    events,
    "namespace",
    await view.idsOf("namespace", name),
    point,
  );
  const buckets = await statesOf(events, "bucket", await view.idsOf("bucket", name), point);
  const connections = await statesOf(
    events,
    "connection",
    await view.idsOf("connection", name),
    point,
  );
  const states = [...namespaces, ...buckets, ...connections];
  const objects = new Map<string, number>();
  for (const { bucket_id: id } of buckets) {
    objects.set(id, (await view.stats(id, point)).objectCount);
  }
  const there = states.filter((state) => !isDeleted(state));
  return {
    namespaces: countNamespaces(there, (bucketId) => objects.get(bucketId) ?? 0),
    asOf: await asOfOf(events, states, isFinal),
  };
}
