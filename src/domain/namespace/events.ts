/** What can have happened to a namespace. A stored shape is never narrowed; add a type or an upcaster. */
import { z } from "zod";
import { Change } from "../change.js";

const changes = z.array(Change);

export const NamespaceEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("namespace.created"), data: z.object({ changes }) }),
  z.object({ type: z.literal("namespace.patched"), data: z.object({ changes }) }),
  z.object({
    type: z.literal("namespace.deleted"),
    data: z.object({
      task_id: z.string(),
      /** What was in it: the same transaction deletes it. */
      bucket_count: z.number(),
      object_count: z.number(),
    }),
  }),
]);
export type NamespaceEvent = Readonly<z.infer<typeof NamespaceEvent>>;
