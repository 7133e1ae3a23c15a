/** What can have happened to a collection. */
import { z } from "zod";

export const CollectionEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("collection.created"),
    data: z.object({ name: z.string(), token: z.string() }),
  }),
  z.object({ type: z.literal("collection.deleted"), data: z.object({}) }),
]);
export type CollectionEvent = Readonly<z.infer<typeof CollectionEvent>>;
