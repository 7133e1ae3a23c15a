/** Everything that is special about deliveries. */

import { BucketsError } from "../errors.js";
import { withoutAbsent } from "../json.js";
import { type MemberOf, nothing, places } from "../kind.js";
import type { DeliveryCommand } from "./commands.js";
import {
  decideDelivery,
  deliveryHolderKeys,
  deliveryReservations,
  needlessForDelivery,
} from "./decide.js";
import type { DeliveryEvent } from "./events.js";
import { DeliveryResponse, deliveryCatalog, deliveryFields } from "./response.js";
import { type DeliveryState, evolveDelivery } from "./state.js";

export const deliveryKind: MemberOf<DeliveryState, DeliveryCommand, DeliveryEvent> = {
  name: "delivery",
  prefix: "dlv_",
  commands: { accept_delivery: true, ignore_delivery: true, fail_delivery: true },
  restores: nothing.restored,
  id: (state) => state.delivery_id,
  document: (state) => withoutAbsent({ ...state.document }),
  needless: needlessForDelivery,
  decide: decideDelivery,
  evolve: evolveDelivery,
  changes: (event) => event.data.changes,
  shown: nothing.masked,
  shownDocument: nothing.masked,
  reservations: deliveryReservations,
  holderKeys: ({ facts }, owner) => deliveryHolderKeys(facts, owner.bucket_id),
  taken: ({ key }, holder) =>
    new BucketsError(
      "ALREADY_EXISTS",
      `The delivery came before, as ${holder}, by the key "${key}".`,
      { resource: "delivery", delivery_id: holder },
    ),
  secrets: nothing.list,
  dueAt: nothing.known,
  statistics: nothing.known,
  references: nothing.list,
  task: nothing.known,
  table: {
    name: "deliveries",
    id: "delivery_id",
    columns: {
      bucket_id: (state) => state.bucket_id,
      status: (state) => state.document.status,
    },
  },
  answer: DeliveryResponse,
  // Whether the bucket takes the object is decided for the object; that it did not is worth recording.
  ownerTakes: "anything",
  listing: {
    catalog: deliveryCatalog,
    searched: ["delivery_id", "sender_id"],
    fields: deliveryFields,
    stored: places({
      delivery_id: ["delivery_id"],
      bucket_id: ["bucket_id"],
      created_at: ["created_at"],
      updated_at: ["updated_at"],
      status: ["document", "status"],
      sender_id: ["document", "sender_id"],
      event_type: ["document", "event_type"],
    }),
  },
};
