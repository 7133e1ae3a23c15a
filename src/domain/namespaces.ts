/** Which namespaces there are: those that were made, and those that are there by what is in them. */
import type { CountedNamespace } from "./namespace/response.js";
import type { ResourceState } from "./resource.js";

/** The kinds of what a namespace is there by: all else is in one of them, and is hidden with it. */
export const namespaceKinds = ["namespace", "bucket", "connection"] as const;

/**
 * The namespaces of these states, by the order of their names.
 *
 * @param states what exists of those kinds; nothing that was deleted.
 * @param objectsIn how many objects a bucket holds.
 */
export function countNamespaces(
  states: readonly ResourceState[],
  objectsIn: (bucketId: string) => number,
): readonly CountedNamespace[] {
  const counted = new Map<string, CountedNamespace>();
  for (const state of states) {
    const { namespace: name } = state;
    const before = counted.get(name) ?? { name, state: undefined, bucketCount: 0, objectCount: 0 };
    counted.set(name, withCounted(before, state, objectsIn));
  }
  return [...counted.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function withCounted(
  before: CountedNamespace,
  state: ResourceState,
  objectsIn: (bucketId: string) => number,
): CountedNamespace {
  if (state.kind === "namespace") return { ...before, state };
  if (state.kind !== "bucket") return before;
  const objectCount = before.objectCount + objectsIn(state.bucket_id);
  return { ...before, bucketCount: before.bucketCount + 1, objectCount };
}
