/** The source adapter of one bucket for one caller: what it was sent, and trying it. */
import { z } from "zod";
import { requireObject } from "../domain/bucket/patch.js";
import {
  type DeliveryResponse,
  deliveryCatalog,
  renderDelivery,
} from "../domain/delivery/response.js";
import { type DeliveryState, deliveryStatuses } from "../domain/delivery/state.js";
import { toJson } from "../domain/json.js";
import { memberNotFound } from "../domain/not-found.js";
import { parseQuery } from "../domain/schemas.js";
import type { Ingestion } from "./ingestion.js";
import type {
  DeliveriesQuery,
  DeliveryWritten,
  ListDeliveriesResponse,
  ServedWriteOptions,
  SourceAdapter,
  TestedDelivery,
} from "./interface.js";
import { listMembers } from "./member-lists.js";
import { findOwner } from "./owners.js";
import type { ServiceParts } from "./parts.js";
import { checkKey, checkReason } from "./writing.js";

interface AdapterParts {
  readonly parts: ServiceParts;
  readonly namespace: string;
  /** An id or the exact name. */
  readonly bucket: string;
  readonly ingestion: Ingestion;
}

const StatusFilter = z.object({ status: z.enum(deliveryStatuses).optional() });

export class SourceAdapterService implements SourceAdapter<ServedWriteOptions> {
  readonly #service: AdapterParts;

  constructor(service: AdapterParts) {
    this.#service = service;
  }

  async test(payload: unknown): Promise<TestedDelivery> {
    const { parts, ingestion } = this.#service;
    const event = requireObject(toJson(payload));
    return await ingestion.test(await findOwner(parts, this.#service), event);
  }

  async deliveries(query: DeliveriesQuery = {}): Promise<ListDeliveriesResponse> {
    const { parts, namespace } = this.#service;
    const { status } = parseQuery(StatusFilter, { status: query.status });
    const { bucket_id: bucketId } = await findOwner(parts, this.#service);
    const where = { kind: "delivery", namespace, bucketId, catalog: deliveryCatalog } as const;
    const { limit, cursor } = query;
    const filters = status === undefined ? undefined : { status };
    const { states, pagination } = await listMembers(parts, where, { limit, cursor, filters });
    const { ACCEPTED, IGNORED, FAILED } = await parts.view.deliveryCounts(bucketId);
    return {
      results: states.map(renderDelivery),
      pagination,
      counts: { accepted: ACCEPTED, ignored: IGNORED, failed: FAILED },
    };
  }

  async delivery(deliveryId: string): Promise<DeliveryResponse> {
    return renderDelivery(await this.#find(deliveryId));
  }

  async replay(deliveryId: string, options: ServedWriteOptions = {}): Promise<DeliveryWritten> {
    checkKey(options);
    checkReason(options.reason);
    const { parts, ingestion } = this.#service;
    const owner = await findOwner(parts, this.#service);
    const failed = await this.#find(deliveryId);
    return await ingestion.replay(owner, failed, options);
  }

  async #find(deliveryId: string): Promise<DeliveryState> {
    const { parts } = this.#service;
    const { bucket_id: bucketId } = await findOwner(parts, this.#service);
    const state = await parts.view.state(deliveryId);
    if (state?.kind !== "delivery" || state.bucket_id !== bucketId) {
      throw memberNotFound("delivery", deliveryId, bucketId);
    }
    return state;
  }
}
