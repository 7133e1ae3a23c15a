/**
 * The decider of a delivery. Pure. Once means once: what was accepted or ignored is a duplicate
 * from then on, and what failed may come again, as the next attempt of the same delivery.
 */

import { diff } from "../changes.js";
import { withoutAbsent } from "../json.js";
import type { OwnedContext } from "../owned.js";
import type { Reservation } from "../reservation.js";
import type { DeliveryCommand, DeliveryFacts } from "./commands.js";
import type { DeliveryEvent } from "./events.js";
import type { DeliveryDocument, DeliveryState } from "./state.js";

/**
 * The event that the command makes happen, which was not needless.
 *
 * @param state of the delivery that failed before under the same id, if any.
 */
export function decideDelivery(
  state: DeliveryState | undefined,
  command: DeliveryCommand,
  { precedingObject }: Pick<OwnedContext, "precedingObject">,
): DeliveryEvent {
  const { facts } = command;
  const begun = {
    adapter_type: facts.adapterType,
    sender_id: facts.senderId,
    dedup_key: facts.dedupKey,
    event_type: facts.eventType,
    source_time: facts.sourceTime,
    attempt: (state?.document.attempt ?? 0) + 1,
  };
  const changesTo = (rest: Ending) =>
    diff(state === undefined ? {} : { ...state.document }, withoutAbsent({ ...begun, ...rest }));
  switch (command.type) {
    case "accept_delivery": {
      const changes = changesTo({ status: "ACCEPTED", object_id: precedingObject });
      return { type: "delivery.accepted", data: { changes } };
    }
    case "ignore_delivery": {
      const changes = changesTo({ status: "IGNORED", reason: command.reason });
      return { type: "delivery.ignored", data: { changes } };
    }
    case "fail_delivery": {
      const { reason, code, payload } = command;
      const changes = changesTo({ status: "FAILED", reason, error_code: code });
      return { type: "delivery.failed", data: { changes, payload } };
    }
  }
}

/** A duplicate says nothing that was not said: one that was accepted or ignored is done with. */
export function needlessForDelivery(state: DeliveryState | undefined): string | undefined {
  if (state === undefined || state.document.status === "FAILED") return undefined;
  const status = state.document.status.toLowerCase();
  return `The delivery came before, as ${state.delivery_id}, and was ${status}.`;
}

/** What became of it. */
interface Ending extends Pick<DeliveryDocument, "status" | "reason" | "error_code"> {
  readonly object_id?: string | undefined;
}

/**
 * By what a delivery is found that came before: one that was accepted or ignored by either of its
 * keys, and else one that failed and is tried again.
 */
export function deliveryHolderKeys(facts: DeliveryFacts, bucketId: string): readonly Reservation[] {
  const { senderId, dedupKey } = facts;
  return [...keysOf(senderId, dedupKey, bucketId), ...retriesOf(senderId, dedupKey, bucketId)];
}

/**
 * What nobody else can be from now on. One that failed keeps no more than what its next attempt is
 * found by: another delivery with the same key may succeed where it did not.
 */
export function deliveryReservations(state: DeliveryState): readonly Reservation[] {
  const { sender_id, dedup_key, status } = state.document;
  const reserved = status === "FAILED" ? retriesOf : keysOf;
  return reserved(sender_id, dedup_key, state.bucket_id);
}

function keysOf(
  senderId: string | undefined,
  dedupKey: string | undefined,
  bucketId: string,
): readonly Reservation[] {
  return [
    ...(dedupKey === undefined ? [] : [{ scope: `delivery_key:${bucketId}`, key: dedupKey }]),
    ...(senderId === undefined ? [] : [{ scope: `delivery_id:${bucketId}`, key: senderId }]),
  ];
}

/** Apart from the keys, so that one that failed never makes a duplicate of another. */
function retriesOf(
  senderId: string | undefined,
  dedupKey: string | undefined,
  bucketId: string,
): readonly Reservation[] {
  if (senderId !== undefined) return [{ scope: `delivery_retry_id:${bucketId}`, key: senderId }];
  if (dedupKey === undefined) return [];
  return [{ scope: `delivery_retry_key:${bucketId}`, key: dedupKey }];
}
