/** The record of a delivery as it is answered, and the event that it is. */
import type { DeliveryWritten } from "../../api/index.js";
import { renderDelivery } from "../../domain/delivery/response.js";
import { stateOfKind } from "../../domain/resource.js";
import type { Done } from "../write/writing.js";
import { writtenOf } from "../write/written.js";

export interface Recorded extends DeliveryWritten {
  readonly eventId: string;
}

export async function answerRecorded(done: Done): Promise<Recorded> {
  const delivery = renderDelivery(stateOfKind("delivery", done.state));
  return { ...writtenOf(done, []), delivery, eventId: done.recorded.eventId };
}
