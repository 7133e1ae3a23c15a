/** The state of a connection, an account elsewhere: the fold of its events. */
import { z } from "zod";
import { made, patched, removed } from "../document-fold.js";
import type { RecordedEvent } from "../event.js";
import type { Reservation } from "../reservation.js";
import { jsonObject } from "../schemas.js";
import type { ConnectionEvent } from "./events.js";

export const ConnectionState = z.object({
  kind: z.literal("connection"),
  connection_id: z.string(),
  /** Its own id: it belongs to no bucket. */
  bucket_id: z.string(),
  namespace: z.string(),
  version: z.number(),
  position: z.number(),
  /** With references in the place of its credentials. */
  document: jsonObject,
  /** Not of one that was made before this was kept. */
  created_by: z.string().optional(),
  created_at: z.string(),
  updated_at: z.string(),
  deleted: z.object({ deleted_at: z.string() }).optional(),
});
export type ConnectionState = Readonly<z.infer<typeof ConnectionState>>;

type Recorded = Omit<RecordedEvent, "event"> & { readonly event: ConnectionEvent };

/** The state after the event. Pure, and the only way that the state of a connection is ever made. */
export function evolveConnection(
  state: ConnectionState | undefined,
  { event, ...recorded }: Recorded,
): ConnectionState {
  switch (event.type) {
    case "connection.created": {
      const { changes, created_by } = event.data;
      return {
        kind: "connection",
        connection_id: recorded.stream,
        ...made(recorded, changes),
        ...(created_by !== undefined && { created_by }),
      };
    }
    case "connection.patched":
      return patched(state, recorded, event.data.changes);
    case "connection.deleted":
      return removed(state, recorded, {});
  }
}

/** Its name is its own in its namespace, until it is deleted. */
export function connectionReservations(state: ConnectionState): readonly Reservation[] {
  const { name } = state.document;
  if (state.deleted !== undefined || typeof name !== "string") return [];
  return [{ scope: `connection_name:${state.namespace}`, key: name }];
}
