/**
 * What can have happened to an access token; that it expires is no event, because the first one says when.
 * A stored shape is never narrowed; add a type or an upcaster.
 */
import { z } from "zod";
import { Change } from "../change.js";

export const TokenEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("token.created"), data: z.object({ changes: z.array(Change) }) }),
  /** It has another secret, and is allowed what it was. */
  z.object({ type: z.literal("token.rotated"), data: z.object({}) }),
  z.object({ type: z.literal("token.revoked"), data: z.object({}) }),
]);
export type TokenEvent = Readonly<z.infer<typeof TokenEvent>>;
