/** The routes about the service itself: is it alive, is it ready, what does it offer. */
import { z } from "zod";
import { BucketsError } from "../../domain/errors.js";
import { setCache } from "../headers.js";
import type { Metrics } from "../metrics.js";
import { openApiDocument } from "../openapi.js";
import { defineRoute, noQuery, type Route } from "../route.js";

const Status = z.object({
  status: z.literal("ok"),
  durability: z.enum(["full", "relaxed", "none"]).optional(),
});

interface ServiceParts {
  /** True once the server has been told to stop. */
  readonly isDraining: () => boolean;
  readonly metrics: Metrics;
  /** Every route, for the document that describes them. */
  readonly routes: () => readonly Route[];
}

export function serviceRoutes({ isDraining, metrics, routes }: ServiceParts): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/healthz",
      operationId: "getHealth",
      summary: "Whether the process is alive",
      permission: undefined,
      query: noQuery,
      response: Status,
      refusals: [],
      handle: async ({ context }) => {
        setCache(context, "none");
        context.body = { status: "ok" };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/readyz",
      operationId: "getReadiness",
      summary: "Whether the service takes requests, and how durable its writes are",
      permission: undefined,
      query: noQuery,
      response: Status,
      refusals: [503],
      handle: async ({ context, store }) => {
        const health = await store.health();
        const reason = isDraining() ? "shutting down" : health.ready ? undefined : health.reason;
        const { durability } = health;
        if (reason !== undefined) {
          throw new BucketsError("NOT_READY", `Not ready: ${reason}.`, { durability, reason });
        }
        setCache(context, "none");
        context.body = { status: "ok", durability };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/metrics",
      operationId: "getMetrics",
      summary: "Measurements for Prometheus",
      // How busy a store is, is no stranger's business.
      permission: "admin",
      isStoreWide: true,
      query: noQuery,
      response: z.string(),
      responseTypes: [metrics.contentType],
      refusals: [],
      handle: async ({ context }) => {
        setCache(context, "none");
        context.set("Content-Type", metrics.contentType);
        context.body = await metrics.text();
      },
    }),
    defineRoute({
      method: "GET",
      path: "/openapi.json",
      operationId: "getOpenApi",
      summary: "This description of the API, OpenAPI 3.1",
      permission: undefined,
      query: noQuery,
      response: z.object({ openapi: z.string() }).loose(),
      refusals: [],
      handle: async ({ context, basePath }) => {
        setCache(context, "current");
        context.body = openApiDocument(routes(), basePath);
      },
    }),
  ];
}
