/** The state of a delivery to a source adapter: the fold of its events. */
import { z } from "zod";
import { adapterTypes } from "../bucket/choices.js";
import { applyChanges } from "../changes.js";
import { errorCodes } from "../errors.js";
import { formatTime, type RecordedEvent } from "../event.js";
import { jsonValue } from "../schemas.js";
import type { DeliveryEvent } from "./events.js";

export const deliveryStatuses = ["ACCEPTED", "IGNORED", "FAILED"] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

export const DeliveryDocument = z.object({
  adapter_type: z.enum(adapterTypes),
  /** What the sender calls it; a retry has the same. */
  sender_id: z.string().exactOptional(),
  /** Deliveries with the same are one. */
  dedup_key: z.string().exactOptional(),
  event_type: z.string().exactOptional(),
  /** When it happened, as the sender says. */
  source_time: z.string().exactOptional(),
  status: z.enum(deliveryStatuses),
  /** Why it was ignored or failed. */
  reason: z.string().exactOptional(),
  /** With what it failed. */
  error_code: z.enum(errorCodes).exactOptional(),
  object_id: z.string().exactOptional(),
  /** How often it was tried, as far as it failed before. */
  attempt: z.number(),
});
export type DeliveryDocument = Readonly<z.infer<typeof DeliveryDocument>>;

export const DeliveryState = z.object({
  kind: z.literal("delivery"),
  delivery_id: z.string(),
  bucket_id: z.string(),
  namespace: z.string(),
  version: z.number(),
  position: z.number(),
  document: DeliveryDocument,
  /** Of one that failed: it is shown to nobody. */
  payload: jsonValue.optional(),
  created_at: z.string(),
  updated_at: z.string(),
  /** A delivery is never deleted. */
  deleted: z.undefined().optional(),
});
export type DeliveryState = Readonly<z.infer<typeof DeliveryState>>;

type Recorded = Omit<RecordedEvent, "event"> & { readonly event: DeliveryEvent };

/** The state after the event. Pure, and the only way that the state of a delivery is ever made. */
export function evolveDelivery(
  state: DeliveryState | undefined,
  { event, ...recorded }: Recorded,
): DeliveryState {
  const at = formatTime(recorded.recordedAt);
  return {
    kind: "delivery",
    delivery_id: recorded.stream,
    bucket_id: recorded.bucketId,
    namespace: recorded.namespace,
    version: recorded.version,
    position: recorded.position,
    document: DeliveryDocument.parse(applyChanges({ ...state?.document }, event.data.changes)),
    ...(event.type === "delivery.failed" && { payload: event.data.payload }),
    created_at: state?.created_at ?? at,
    updated_at: at,
  };
}
