/** The routes about the service itself: is it alive, is it ready, what does it offer. */
import { z } from "zod";
import { durabilities, HealthCheck } from "../../api/index.js";
import { BucketsError } from "../../domain/errors.js";
import type { Health } from "../../domain/health.js";
import { setCache } from "../headers.js";
import type { Metrics } from "../metrics.js";
import { openApiDocument } from "../openapi.js";
import { defineRoute, noQuery, type Route } from "../route.js";
import { healthRoutes } from "./health.js";

const Status = z.object({ status: z.literal("ok") });

const Readiness = Status.extend({
  durability: z.enum(durabilities),
  checks: z.array(HealthCheck),
});

const Links = z.object({
  service: z.literal("bucketlog"),
  links: z.object({
    openapi: z.url(),
    buckets: z.url(),
    events: z.url(),
    head: z.url(),
    health: z.url(),
    readiness: z.url(),
    metrics: z.url(),
  }),
});

function linksFrom(publicUrl: string): z.infer<typeof Links>["links"] {
  return {
    openapi: `${publicUrl}/openapi.json`,
    buckets: `${publicUrl}/v1/buckets`,
    events: `${publicUrl}/v1/events`,
    head: `${publicUrl}/v1/events/head`,
    health: `${publicUrl}/healthz`,
    readiness: `${publicUrl}/readyz`,
    metrics: `${publicUrl}/metrics`,
  };
}

interface ServerParts {
  /** True once the server has been told to stop. */
  readonly isDraining: () => boolean;
  readonly health: () => Promise<Health>;
  readonly metrics: Metrics;
  /** Every route, for the document that describes them. */
  readonly routes: () => readonly Route[];
}

export function serviceRoutes({
  isDraining,
  health: askHealth,
  metrics,
  routes,
}: ServerParts): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/",
      operationId: "getLinks",
      summary: "Where to go from here",
      permission: undefined,
      query: noQuery,
      response: Links,
      refusals: [],
      handle: async ({ context, publicUrl }) => {
        setCache(context, "current");
        context.body = { service: "bucketlog", links: linksFrom(publicUrl) };
      },
    }),
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
      response: Readiness,
      refusals: [503],
      handle: async ({ context }) => {
        const health = await askHealth();
        const reason = isDraining() ? "shutting down" : health.ready ? undefined : health.reason;
        const { durability, checks } = health;
        if (reason !== undefined) {
          const details = { durability, reason, checks };
          throw new BucketsError("NOT_READY", `Not ready: ${reason}.`, details);
        }
        setCache(context, "none");
        context.body = { status: "ok", durability, checks };
      },
    }),
    ...healthRoutes({ isDraining, health: askHealth }),
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
