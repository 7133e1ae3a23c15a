/** A delivery as it is answered: what became of it, and never what was sent. */
import { z } from "zod";
import type { FieldCatalog } from "../filter/fields.js";
import type { JsonObject } from "../json.js";
import { answeredTime } from "../schemas.js";
import { DeliveryDocument, type DeliveryState } from "./state.js";

export const DeliveryResponse = DeliveryDocument.extend({
  delivery_id: z.string(),
  bucket_id: z.string(),
  attempt: z.number().int(),
  created_at: answeredTime,
  /** Of the last attempt. */
  updated_at: answeredTime,
});
export type DeliveryResponse = Readonly<z.infer<typeof DeliveryResponse>>;

export const deliveryCatalog: FieldCatalog = {
  names: Object.keys(DeliveryResponse.shape),
  times: ["created_at", "updated_at", "source_time"],
};

export function renderDelivery(state: DeliveryState): DeliveryResponse {
  return DeliveryResponse.parse(deliveryFields(state));
}

/** The answer before it is checked, which a list needs of every delivery that it looks at. */
export function deliveryFields(state: DeliveryState): JsonObject {
  return {
    ...state.document,
    delivery_id: state.delivery_id,
    bucket_id: state.bucket_id,
    created_at: state.created_at,
    updated_at: state.updated_at,
  };
}
