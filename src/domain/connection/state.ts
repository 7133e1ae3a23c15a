/** The state of a connection, an account elsewhere: the fold of its events. */
import { z } from "zod";
import type { Reservation } from "../bucket/reservations.js";
import { applyChanges } from "../changes.js";
import { invariant } from "../errors.js";
import { formatTime, type RecordedEvent } from "../event.js";
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
  const at = formatTime(recorded.recordedAt);
  const { version, position } = recorded;
  switch (event.type) {
    case "connection.created":
      return {
        kind: "connection",
        connection_id: recorded.stream,
        bucket_id: recorded.bucketId,
        namespace: recorded.namespace,
        version,
        position,
        document: applyChanges({}, event.data.changes),
        created_at: at,
        updated_at: at,
      };
    case "connection.patched": {
      invariant(state !== undefined, `${recorded.stream} does not begin with its creation`);
      const document = applyChanges(state.document, event.data.changes);
      return { ...state, version, position, document, updated_at: at };
    }
    case "connection.deleted":
      invariant(state !== undefined, `${recorded.stream} does not begin with its creation`);
      return { ...state, version, position, deleted: { deleted_at: at } };
  }
}

/** Its name is its own in its namespace, until it is deleted. */
export function connectionReservations(state: ConnectionState): readonly Reservation[] {
  const { name } = state.document;
  if (state.deleted !== undefined || typeof name !== "string") return [];
  return [{ scope: `connection_name:${state.namespace}`, key: name }];
}
