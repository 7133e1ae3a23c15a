import { describe, expect, test } from "vitest";
import type { DeliveryCommand, DeliveryFacts } from "../../../src/domain/delivery/commands.js";
import {
  decideDelivery,
  deliveryHolderKeys,
  deliveryReservations,
} from "../../../src/domain/delivery/decide.js";
import type { DeliveryEvent } from "../../../src/domain/delivery/events.js";
import { type DeliveryState, evolveDelivery } from "../../../src/domain/delivery/state.js";
import { kindNamed } from "../../../src/domain/resource.js";
import { actor, bucketId, now } from "../specification.js";

const facts: DeliveryFacts = {
  adapterType: "mux",
  senderId: "evt-1",
  dedupKey: "key-1",
  eventType: "video.asset.ready",
  sourceTime: undefined,
};
const accept: DeliveryCommand = { type: "accept_delivery", facts };
const ignore: DeliveryCommand = { type: "ignore_delivery", facts, reason: "not wanted" };
const fail: DeliveryCommand = {
  type: "fail_delivery",
  facts,
  code: "VALIDATION_FAILED",
  reason: "does not fit",
  payload: { id: "evt-1", private: true },
};

function decided(state: DeliveryState | undefined, command: DeliveryCommand): DeliveryEvent {
  return decideDelivery(state, command, { precedingObject: "obj_1" });
}

function reached(...commands: readonly DeliveryCommand[]): DeliveryState {
  const state = commands.reduce<DeliveryState | undefined>(
    (before, command, index) =>
      evolveDelivery(before, {
        position: index + 1,
        stream: "dlv_1",
        version: index + 1,
        namespace: "default",
        bucketId,
        eventId: `evt_${index}`,
        transactionId: undefined,
        recordedAt: now + index,
        meta: { actor, request_id: `req_${index}` },
        event: decided(before, command),
      }),
    undefined,
  );
  if (state === undefined) throw new Error("no command, no state");
  return state;
}

describe("a delivery that was", () => {
  test.each<[string, DeliveryCommand]>([
    ["accepted", accept],
    ["ignored", ignore],
  ])("%s is a duplicate, whatever would become of it now", (_, command) => {
    for (const again of [accept, ignore, fail]) {
      const why = kindNamed("delivery").needless(reached(command), again);
      expect(why).toContain("The delivery came before, as dlv_1");
    }
  });

  test("refused is none, and neither is one that did not come before", () => {
    for (const again of [accept, ignore, fail]) {
      expect(kindNamed("delivery").needless(reached(fail), again)).toBeUndefined();
      expect(kindNamed("delivery").needless(undefined, again)).toBeUndefined();
    }
  });

  test("refused goes on as the next attempt, and lets go of what was sent", () => {
    const failed = reached(fail, fail);
    expect(failed.document).toMatchObject({ status: "FAILED", attempt: 2, reason: "does not fit" });
    expect(failed.payload).toEqual({ id: "evt-1", private: true });
    const accepted = reached(fail, fail, accept);
    expect(accepted.document).toEqual({
      adapter_type: "mux",
      sender_id: "evt-1",
      dedup_key: "key-1",
      event_type: "video.asset.ready",
      status: "ACCEPTED",
      object_id: "obj_1",
      attempt: 3,
    });
    expect(accepted).not.toHaveProperty("payload");
    expect(accepted.created_at).not.toBe(accepted.updated_at);
  });
});

describe("what is once is", () => {
  const key = { scope: `delivery_key:${bucketId}`, key: "key-1" };
  const id = { scope: `delivery_id:${bucketId}`, key: "evt-1" };
  const retryOfId = { scope: `delivery_retry_id:${bucketId}`, key: "evt-1" };
  const retryOfKey = { scope: `delivery_retry_key:${bucketId}`, key: "key-1" };
  const keyed = { ...facts, senderId: undefined };
  const nameless = { ...keyed, dedupKey: undefined };

  test("nothing, for a delivery without id and key", () => {
    expect(deliveryHolderKeys(nameless, bucketId)).toEqual([]);
    expect(deliveryReservations(reached({ ...accept, facts: nameless }))).toEqual([]);
    expect(deliveryReservations(reached({ ...fail, facts: nameless }))).toEqual([]);
  });

  test("both the key and the id of the sender, and what was done is found before what failed", () => {
    expect(deliveryHolderKeys(facts, bucketId)).toEqual([key, id, retryOfId]);
    expect(deliveryHolderKeys(keyed, bucketId)).toEqual([key, retryOfKey]);
    expect(deliveryReservations(reached(accept))).toEqual([key, id]);
    expect(deliveryReservations(reached(ignore))).toEqual([key, id]);
    expect(deliveryReservations(reached(fail, accept))).toEqual([key, id]);
  });

  test("only what finds its next attempt, for one that failed, which is no key of others", () => {
    expect(deliveryReservations(reached(fail))).toEqual([retryOfId]);
    expect(deliveryReservations(reached({ ...fail, facts: keyed }))).toEqual([retryOfKey]);
  });
});
