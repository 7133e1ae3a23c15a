/** The state of an access token: the fold of its events. */
import { z } from "zod";
import { made, patched, removed } from "../document-fold.js";
import type { RecordedEvent } from "../event.js";
import type { Reservation } from "../reservation.js";
import { TokenDocument } from "./document.js";
import type { TokenEvent } from "./events.js";

export const TokenState = z.object({
  kind: z.literal("token"),
  token_id: z.string(),
  /** Its own id: it belongs to no bucket. */
  bucket_id: z.string(),
  namespace: z.string(),
  version: z.number(),
  position: z.number(),
  document: TokenDocument,
  created_at: z.string(),
  updated_at: z.string(),
  deleted: z.object({ deleted_at: z.string() }).optional(),
});
export type TokenState = Readonly<z.infer<typeof TokenState>>;

type Recorded = Omit<RecordedEvent, "event"> & { readonly event: TokenEvent };

/** The state after the event. Pure, and the only way that the state of a token is ever made. */
export function evolveToken(
  state: TokenState | undefined,
  { event, ...recorded }: Recorded,
): TokenState {
  switch (event.type) {
    case "token.created": {
      const { document, ...kept } = made(recorded, event.data.changes);
      const token_id = recorded.stream;
      return { kind: "token", token_id, ...kept, document: TokenDocument.parse(document) };
    }
    case "token.rotated":
      return patched(state, recorded, []);
    case "token.revoked":
      return removed(state, recorded, {});
  }
}

/** Its name is its own until it is revoked, also once it has expired. */
export function tokenReservations({ document, deleted }: TokenState): readonly Reservation[] {
  return deleted === undefined ? [tokenReservation(document.name)] : [];
}

/** What the token of that name is found by. */
export function tokenReservation(name: string): Reservation {
  return { scope: "token_name", key: name };
}

/** When it was made, which may be before the log told of it (RFC 3339). */
export function madeAt({ document, created_at: recordedAt }: TokenState): string {
  return document.created_at ?? recordedAt;
}

/** Whether it opened anything at that time (milliseconds), if this is its state then. */
export function opensAt({ document, deleted }: TokenState, at: number): boolean {
  const { expires_at: end } = document;
  return deleted === undefined && (end === undefined || Date.parse(end) > at);
}
