/** The routes of push ingestion (CONTRACT: source adapters): deliveries in, and what became of them. */
import { z } from "zod";
import { IngestResponse, ListDeliveriesResponse, TestedDelivery } from "../../api/index.js";
import { DeliveryResponse } from "../../domain/delivery/response.js";
import { deliveryStatuses } from "../../domain/delivery/state.js";
import { parsePayload } from "../../domain/ingest/payload.js";
import { limits } from "../../domain/limits.js";
import { jsonObject } from "../../domain/schemas.js";
import { readBytes } from "../body.js";
import { setCache } from "../headers.js";
import { type ApiRequest, defineRoute, type HttpContext, noQuery, type Route } from "../route.js";
import { bodyRefusals, defineWrite, writeQuery, writeRefusals } from "../write.js";
import { bucketOf, bucketPath } from "./buckets.js";

const base = `${bucketPath}/source_adapter`;
const deliveryPath = `${base}/deliveries/{delivery_id}`;

/** As a generic webhook would send it, for a mapping of `title`. */
const delivered = { title: "Spring launch, 16:9" };

/** What became of a delivery, for whoever counts. */
export type DeliveryResult = z.infer<typeof IngestResponse>["status"] | "refused";

/** @param count is told of every delivery. */
export function ingestRoute(count: (result: DeliveryResult) => void): Route {
  return defineRoute({
    method: "POST",
    path: "/v1/ingest/{bucket_id}",
    operationId: "ingest",
    summary: "Take a webhook in: its signature stands in the place of a token",
    permission: undefined,
    query: noQuery,
    takesBytes: true,
    examples: { "*/*": delivered },
    isSigned: true,
    response: IngestResponse,
    successStatus: 202,
    refusals: [401, 403, 404, 413, 415, 422, 423, 507],
    handle: async ({ context, ingest, admission, params }) => {
      setCache(context, "none");
      const body = () =>
        admission.strangerBodies.hold(context.state.address, () =>
          readBytes(context, limits.jsonBodyBytesMax),
        );
      try {
        const done = await ingest(params["bucket_id"] ?? "", { headers: headersOf(context), body });
        count(done.status);
        context.status = 202;
        context.body = done;
      } catch (error) {
        count("refused");
        throw error;
      }
    },
  });
}

/** Every value of each header, so that one sent twice is seen to be. */
function headersOf({ req }: HttpContext): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (const [name, values = []] of Object.entries(req.headersDistinct)) headers[name] = values;
  return headers;
}

export const sourceAdapterRoutes: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: `${base}/test`,
    operationId: "testSourceAdapter",
    summary: "What a payload would make, without making it",
    permission: "read",
    query: noQuery,
    body: { "application/json": jsonObject },
    examples: { "application/json": delivered },
    // What a sender sends, as the delivery of it would be read.
    parseBody: parsePayload,
    needsBody: true,
    response: TestedDelivery,
    refusals: [400, 404, 422, 423, ...bodyRefusals],
    handle: async ({ context, namespace, params, body }) => {
      setCache(context, "none");
      context.body = await namespace.sourceAdapter(bucketOf(params)).test(body);
    },
  }),
  defineRoute({
    method: "GET",
    path: `${base}/deliveries`,
    operationId: "listDeliveries",
    scans: true,
    summary: "What the source adapter was sent, newest first, and what became of it",
    permission: "read",
    query: z.strictObject({
      status: z.enum(deliveryStatuses).optional(),
      limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).optional(),
      cursor: z.string().optional(),
    }),
    response: ListDeliveriesResponse,
    refusals: [400, 404],
    handle: async ({ context, namespace, params }, query) => {
      setCache(context, "current");
      context.body = await namespace.sourceAdapter(bucketOf(params)).deliveries(query);
    },
  }),
  defineRoute({
    method: "GET",
    path: deliveryPath,
    operationId: "getDelivery",
    summary: "What became of one delivery",
    permission: "read",
    query: noQuery,
    response: DeliveryResponse,
    refusals: [404],
    handle: async ({ context, namespace, params }) => {
      setCache(context, "current");
      context.body = await namespace.sourceAdapter(bucketOf(params)).delivery(deliveryOf(params));
    },
  }),
  defineWrite({
    method: "POST",
    path: `${deliveryPath}/replay`,
    operationId: "replayDelivery",
    summary: "Try a delivery that failed once more, with the configuration of now",
    permission: "write",
    query: writeQuery,
    body: { "application/json": z.object({}) },
    response: DeliveryResponse,
    refusals: [...writeRefusals, ...bodyRefusals, 423],
    write: ({ namespace, params }, options) =>
      namespace.sourceAdapter(bucketOf(params)).replay(deliveryOf(params), options),
    show: ({ delivery }) => delivery,
  }),
];

function deliveryOf(params: ApiRequest["params"]): string {
  return params["delivery_id"] ?? "";
}
