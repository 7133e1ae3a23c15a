/** What can become of a delivery. Its signature was checked before. */
import type { AdapterType } from "../bucket/source-adapter.js";
import type { ErrorCode } from "../errors.js";
import type { JsonValue } from "../json.js";

/** What is known of a delivery, whatever becomes of it. */
export interface DeliveryFacts {
  readonly adapterType: AdapterType;
  /** What the sender calls it; a retry has the same. */
  readonly senderId: string | undefined;
  /** Deliveries with the same are one. */
  readonly dedupKey: string | undefined;
  readonly eventType: string | undefined;
  /** When it happened, as the sender says: RFC 3339, UTC. */
  readonly sourceTime: string | undefined;
}

interface AboutDelivery {
  readonly facts: DeliveryFacts;
}

/** It made or changed the object that the commands right before are about. */
interface AcceptDelivery extends AboutDelivery {
  readonly type: "accept_delivery";
}

interface IgnoreDelivery extends AboutDelivery {
  readonly type: "ignore_delivery";
  readonly reason: string;
}

interface FailDelivery extends AboutDelivery {
  readonly type: "fail_delivery";
  readonly code: ErrorCode;
  readonly reason: string;
  readonly payload: JsonValue;
}

export type DeliveryCommand = AcceptDelivery | IgnoreDelivery | FailDelivery;
