/** What can have become of a delivery. A stored shape is never narrowed; add a type or an upcaster. */
import { z } from "zod";
import { Change } from "../change.js";
import { jsonValue } from "../schemas.js";

const changes = z.array(Change);

export const DeliveryEvent = z.discriminatedUnion("type", [
  /** It made or changed the object that it names, in the same transaction. */
  z.object({ type: z.literal("delivery.accepted"), data: z.object({ changes }) }),
  z.object({ type: z.literal("delivery.ignored"), data: z.object({ changes }) }),
  /** What was sent is kept, so that it can be tried again once the reason is mended. */
  z.object({
    type: z.literal("delivery.failed"),
    data: z.object({ changes, payload: jsonValue }),
  }),
]);
export type DeliveryEvent = Readonly<z.infer<typeof DeliveryEvent>>;
