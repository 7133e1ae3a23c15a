/** What can have happened to a connection. A stored shape is never narrowed; add a type or an upcaster. */
import { z } from "zod";
import { Change } from "../change.js";

const changes = z.array(Change);

export const ConnectionEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("connection.created"),
    data: z.object({ changes, created_by: z.string().optional() }),
  }),
  z.object({ type: z.literal("connection.patched"), data: z.object({ changes }) }),
  z.object({ type: z.literal("connection.deleted"), data: z.object({}) }),
]);
export type ConnectionEvent = Readonly<z.infer<typeof ConnectionEvent>>;
