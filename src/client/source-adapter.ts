/** The source adapter of one bucket, over HTTP. Webhooks themselves go to its URL. */

import {
  type DeliveriesQuery,
  type DeliveryWritten,
  ListDeliveriesResponse,
  type SourceAdapter,
  TestedDelivery,
  type WriteOptions,
  WrittenBody,
} from "../api/index.js";
import { DeliveryResponse } from "../domain/delivery/response.js";
import { toJson } from "../domain/json.js";
import { segment } from "./place.js";
import { posted, type Requests, writtenOf } from "./requests.js";

const Written = WrittenBody.extend({ result: DeliveryResponse }).transform(
  (body): DeliveryWritten => ({ ...writtenOf(body), delivery: body.result }),
);

export class RemoteSourceAdapter implements SourceAdapter {
  readonly #requests: Requests;
  readonly #base: string;

  constructor(requests: Requests, bucket: string) {
    this.#requests = requests;
    this.#base = `/v1/buckets/${segment(bucket)}/source_adapter`;
  }

  async test(payload: unknown): Promise<TestedDelivery> {
    return await this.#requests.ask(`${this.#base}/test`, toJson(payload), TestedDelivery);
  }

  async deliveries(query: DeliveriesQuery = {}): Promise<ListDeliveriesResponse> {
    const path = `${this.#base}/deliveries`;
    return await this.#requests.get(path, { ...query }, ListDeliveriesResponse);
  }

  async delivery(deliveryId: string): Promise<DeliveryResponse> {
    return await this.#requests.get(this.#path(deliveryId), {}, DeliveryResponse);
  }

  async replay(deliveryId: string, options: WriteOptions = {}): Promise<DeliveryWritten> {
    const write = posted(`${this.#path(deliveryId)}/replay`, {});
    return await this.#requests.write(write, options, Written);
  }

  #path(deliveryId: string): string {
    return `${this.#base}/deliveries/${segment(deliveryId)}`;
  }
}
