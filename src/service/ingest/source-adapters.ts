/** The source adapter of one bucket for one caller: what it was sent, and trying it. */
import { z } from "zod";
import type {
  DeliveriesQuery,
  DeliveryWritten,
  ListDeliveriesResponse,
  ServedWriteOptions,
  SourceAdapter,
  TestedDelivery,
} from "../../api/index.js";
import { assertText, readOptions, WriteFields } from "../../api/options.js";
import { type DeliveryResponse, renderDelivery } from "../../domain/delivery/response.js";
import { type DeliveryState, deliveryStatuses } from "../../domain/delivery/state.js";
import { toJson } from "../../domain/json.js";
import { memberNotFound } from "../../domain/not-found.js";
import { parseQuery, requireObject } from "../../domain/schemas.js";
import type { InBucket } from "../parts.js";
import { listMembers } from "../read/member-lists.js";
import { findOwner } from "../read/owners.js";
import { Ingestion } from "./ingestion.js";

const StatusFilter = z.object({ status: z.enum(deliveryStatuses).optional() });

export class SourceAdapterService implements SourceAdapter<ServedWriteOptions> {
  readonly #service: InBucket;

  constructor(service: InBucket) {
    this.#service = service;
  }

  async test(payload: unknown): Promise<TestedDelivery> {
    const { parts, asker } = this.#service;
    const event = requireObject(toJson(payload));
    return await new Ingestion(parts).test(asker, await findOwner(parts, this.#service), event);
  }

  async deliveries(query: DeliveriesQuery = {}): Promise<ListDeliveriesResponse> {
    const { parts, namespace } = this.#service;
    const { limit, cursor } = query;
    const { status } = parseQuery(StatusFilter, { status: query.status });
    const { bucket_id: bucketId } = await findOwner(parts, this.#service);
    const where = { kind: "delivery", namespace, bucketId } as const;
    const filters = status === undefined ? undefined : { status };
    const page = await listMembers(parts, where, { limit, cursor, filters });
    // They are paged by cursors alone.
    const { next_page: _, previous_page: __, ...pagination } = page.pagination;
    const { ACCEPTED, IGNORED, FAILED } = await parts.view.deliveryCounts(bucketId);
    return {
      results: page.states.map(renderDelivery),
      pagination,
      counts: { accepted: ACCEPTED, ignored: IGNORED, failed: FAILED },
    };
  }

  async delivery(deliveryId: string): Promise<DeliveryResponse> {
    return renderDelivery(await this.#find(deliveryId));
  }

  async replay(deliveryId: string, given: ServedWriteOptions = {}): Promise<DeliveryWritten> {
    const options = readOptions(WriteFields, given);
    const { parts, asker } = this.#service;
    const owner = await findOwner(parts, this.#service);
    const failed = await this.#find(deliveryId);
    return await new Ingestion(parts).replay(asker, owner, failed, options);
  }

  async #find(deliveryId: string): Promise<DeliveryState> {
    assertText(deliveryId, "delivery");
    const { parts } = this.#service;
    const { bucket_id: bucketId } = await findOwner(parts, this.#service);
    const state = await parts.view.state(deliveryId);
    if (state?.kind !== "delivery" || state.bucket_id !== bucketId) {
      throw memberNotFound("delivery", deliveryId, bucketId);
    }
    return state;
  }
}
