/** The state of a namespace that somebody made: the fold of its events. */
import { z } from "zod";
import { made, patched, removed } from "../document-fold.js";
import type { RecordedEvent } from "../event.js";
import type { Reservation } from "../reservation.js";
import { jsonObject } from "../schemas.js";
import type { NamespaceEvent } from "./events.js";
import { namespaceReservation } from "./name.js";

export const NamespaceState = z.object({
  kind: z.literal("namespace"),
  namespace_id: z.string(),
  /** Its own id: it belongs to no bucket. */
  bucket_id: z.string(),
  /** Its own name, which it has for ever. */
  namespace: z.string(),
  version: z.number(),
  position: z.number(),
  /** With a reference in the place of its secret. */
  document: jsonObject,
  created_at: z.string(),
  updated_at: z.string(),
  deleted: z
    .object({
      deleted_at: z.string(),
      task_id: z.string(),
      bucket_count: z.number(),
      object_count: z.number(),
    })
    .optional(),
});
export type NamespaceState = Readonly<z.infer<typeof NamespaceState>>;

type Recorded = Omit<RecordedEvent, "event"> & { readonly event: NamespaceEvent };

/** The state after the event. Pure, and the only way that the state of a namespace is ever made. */
export function evolveNamespace(
  state: NamespaceState | undefined,
  { event, ...recorded }: Recorded,
): NamespaceState {
  switch (event.type) {
    case "namespace.created":
      return {
        kind: "namespace",
        namespace_id: recorded.stream,
        ...made(recorded, event.data.changes),
      };
    case "namespace.patched":
      return patched(state, recorded, event.data.changes);
    case "namespace.deleted":
      return removed(state, recorded, event.data);
  }
}

/** Nobody makes it twice, until it is deleted. */
export function namespaceReservations(state: NamespaceState): readonly Reservation[] {
  return state.deleted === undefined ? [namespaceReservation(state.namespace)] : [];
}
