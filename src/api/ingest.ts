/** Push ingestion: what a source adapter is sent, and what became of it. */
import { z } from "zod";
import { DeliveryResponse } from "../domain/delivery/response.js";
import type { DeliveryStatus } from "../domain/delivery/state.js";
import { ObjectResponse } from "../domain/object/response.js";
import { Pagination } from "./lists.js";
import type { WriteOptions, Written } from "./writes.js";

/** A delivery as it came: its bytes are what is signed. */
export interface SignedDelivery {
  /** By name in lower case, every value that was sent. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
  /** Or what reads it, once it is known that there is somebody to take it. */
  readonly body: Uint8Array | (() => Promise<Uint8Array>);
}

export const IngestResponse = z.object({
  status: z.enum(["accepted", "duplicate", "ignored"]),
  /** Made or changed by it; of a duplicate, by the delivery that came before. */
  object_id: z.string().optional(),
  /** The event of the log that tells of it; a duplicate has none. */
  event_id: z.string().optional(),
});
export type IngestResponse = Readonly<z.infer<typeof IngestResponse>>;

/** What would become of a payload. */
export const TestedDelivery = z.object({
  status: z.enum(["accepted", "ignored"]),
  /** Why it would be ignored. */
  reason: z.string().optional(),
  event_type: z.string().optional(),
  sender_id: z.string().optional(),
  dedup_key: z.string().optional(),
  source_time: z.string().optional(),
  /** What the event is about, where the bucket has no unique key to say it. */
  identity: z.string().optional(),
  /** There when the event says that the object is gone: it would be deleted. */
  removes: z.literal(true).optional(),
  /** As it would be; one that would be deleted, as it was. */
  object: ObjectResponse.optional(),
});
export type TestedDelivery = Readonly<z.infer<typeof TestedDelivery>>;

export interface DeliveryWritten extends Written {
  readonly delivery: DeliveryResponse;
}

export interface DeliveriesQuery {
  readonly status?: DeliveryStatus | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export const ListDeliveriesResponse = z.object({
  results: z.array(DeliveryResponse),
  pagination: Pagination,
  /** Of all deliveries to the bucket, whatever was asked for. */
  counts: z.object({
    accepted: z.number().int(),
    ignored: z.number().int(),
    failed: z.number().int(),
  }),
});
export type ListDeliveriesResponse = Readonly<z.infer<typeof ListDeliveriesResponse>>;

/** The source adapter of one bucket. Its configuration is a part of the bucket's document. */
export interface SourceAdapter<Options extends WriteOptions = WriteOptions> {
  /**
   * What a payload would make, without making it and without a signature.
   * @throws VALIDATION_FAILED for what cannot be mapped or does not fit the schema.
   */
  test(payload: unknown): Promise<TestedDelivery>;
  /** Newest first, and never with what was sent. */
  deliveries(query?: DeliveriesQuery): Promise<ListDeliveriesResponse>;
  /** @throws NOT_FOUND */
  delivery(deliveryId: string): Promise<DeliveryResponse>;
  /**
   * Tries a delivery that failed once more, with the configuration of now.
   * @throws BAD_REQUEST for one that did not fail, and what it fails with again.
   */
  replay(deliveryId: string, options?: Options): Promise<DeliveryWritten>;
}
