/** The source adapter of one bucket, over HTTP. Webhooks themselves go to its URL. */

import type {
  DeliveriesQuery,
  DeliveryWritten,
  ListDeliveriesResponse,
  SourceAdapter,
  TestedDelivery,
  WriteOptions,
} from "../api/index.js";
import type { DeliveryResponse } from "../domain/delivery/response.js";
import { toJson } from "../domain/json.js";
import { segment } from "./place.js";
import { posted, type Requests } from "./requests.js";
import { answerWith, writtenWith } from "./shapes.js";

const Delivery = answerWith<DeliveryResponse>({ delivery_id: "string", status: "string" });
const List = answerWith<ListDeliveriesResponse>({ results: "list", counts: "object" });
const Tested = answerWith<TestedDelivery>({ status: "string" });
const Written = writtenWith(
  Delivery,
  (written, delivery): DeliveryWritten => ({ ...written, delivery }),
);

export class RemoteSourceAdapter implements SourceAdapter {
  readonly #requests: Requests;
  readonly #base: string;

  constructor(requests: Requests, bucket: string) {
    this.#requests = requests;
    this.#base = `/v1/buckets/${segment(bucket)}/source_adapter`;
  }

  async test(payload: unknown): Promise<TestedDelivery> {
    return await this.#requests.ask(`${this.#base}/test`, toJson(payload), Tested);
  }

  async deliveries(query: DeliveriesQuery = {}): Promise<ListDeliveriesResponse> {
    const path = `${this.#base}/deliveries`;
    return await this.#requests.get(path, { ...query }, List);
  }

  async delivery(deliveryId: string): Promise<DeliveryResponse> {
    return await this.#requests.get(this.#path(deliveryId), {}, Delivery);
  }

  async replay(deliveryId: string, options: WriteOptions = {}): Promise<DeliveryWritten> {
    const write = posted(`${this.#path(deliveryId)}/replay`, {});
    return await this.#requests.write(write, options, Written);
  }

  #path(deliveryId: string): string {
    return `${this.#base}/deliveries/${segment(deliveryId)}`;
  }
}
