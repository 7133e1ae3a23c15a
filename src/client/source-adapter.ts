/** The source adapter of one bucket, over HTTP. Webhooks themselves go to its URL. */
import { DeliveryResponse } from "../domain/delivery/response.js";
import { toJson } from "../domain/json.js";
import {
  type DeliveriesQuery,
  type DeliveryWritten,
  ListDeliveriesResponse,
  type SourceAdapter,
  TestedDelivery,
  type WriteOptions,
  WrittenBody,
} from "../service/interface.js";
import { type Place, segment } from "./request.js";
import type { Transport } from "./transport.js";
import { reading, writing, writtenOf } from "./writes.js";

const WrittenDelivery = WrittenBody.extend({ result: DeliveryResponse });

export class RemoteSourceAdapter implements SourceAdapter {
  readonly #transport: Transport;
  readonly #place: Place;
  readonly #base: string;

  constructor(transport: Transport, place: Place, bucket: string) {
    this.#transport = transport;
    this.#place = place;
    this.#base = `/v1/buckets/${segment(bucket)}/source_adapter`;
  }

  async test(payload: unknown): Promise<TestedDelivery> {
    const call = {
      ...reading(this.#place, `${this.#base}/test`),
      method: "POST",
      json: toJson(payload),
    } as const;
    return (await this.#transport.json(call, TestedDelivery)).body;
  }

  async deliveries(query: DeliveriesQuery = {}): Promise<ListDeliveriesResponse> {
    const call = reading(this.#place, `${this.#base}/deliveries`, { ...query });
    return (await this.#transport.json(call, ListDeliveriesResponse)).body;
  }

  async delivery(deliveryId: string): Promise<DeliveryResponse> {
    const call = reading(this.#place, this.#path(deliveryId));
    return (await this.#transport.json(call, DeliveryResponse)).body;
  }

  async replay(deliveryId: string, options: WriteOptions = {}): Promise<DeliveryWritten> {
    const path = `${this.#path(deliveryId)}/replay`;
    const call = writing(this.#place, { method: "POST", path, json: {} }, options);
    const { body } = await this.#transport.json(call, WrittenDelivery);
    return { ...writtenOf(body), delivery: body.result };
  }

  #path(deliveryId: string): string {
    return `${this.#base}/deliveries/${segment(deliveryId)}`;
  }
}
