/**
 * Health as programs for the hosted API ask for it: our own is at `/healthz` and `/readyz`. What it
 * tells of services that are not here is that they are not.
 */
import { z } from "zod";
import { durabilities, HealthCheck } from "../../api/index.js";
import type { Health, HealthCheckName } from "../../domain/health.js";
import { setCache } from "../headers.js";
import { defineRoute, flag, ignoredOf, ignoredParameter, noQuery, type Route } from "../route.js";
import { setIgnoredFields } from "../write.js";

const services = [
  "cache",
  "metadata",
  "vector_store",
  "object_storage",
  "task_queue",
  "inference",
  "analytics",
] as const;
type Service = (typeof services)[number];

/** Our checks, by what they are about over there. */
const checksOf: Readonly<Partial<Record<Service, readonly HealthCheckName[]>>> = {
  metadata: ["files", "disk", "storage", "checkpoint", "key", "backup"],
  object_storage: ["blobs"],
  // Tasks are rows of the log: they go on while it can be written.
  task_queue: ["writer", "timers"],
};

const HostedHealth = z.object({
  status: z.enum(["OK", "DEGRADED"]),
  data: z.object({
    cache: z.boolean(),
    metadata: z.boolean(),
    vector_store: z.boolean(),
    object_storage: z.boolean(),
    task_queue: z.boolean(),
    inference: z.boolean(),
    analytics: z.boolean().optional(),
  }),
  /** Why a service is not well, or that there is none. */
  errors: z.partialRecord(z.enum(services), z.string()).optional(),
  /** With `deep=true`. */
  meta: z.object({ durability: z.enum(durabilities), checks: z.array(HealthCheck) }).optional(),
});

/** @param isDraining true once the server has been told to stop. */
function hostedHealth(health: Health, isDraining: boolean, isDeep: boolean) {
  const { durability, checks, ready } = health;
  const failed = new Map<string, string>();
  for (const { name, status, says } of checks) if (status === "fail") failed.set(name, says);
  const errorOf = (service: Service): string | undefined => {
    const names = checksOf[service];
    if (names === undefined) return "This server has none.";
    if (isDraining && service === "task_queue") return "shutting down";
    return names.flatMap((name) => failed.get(name) ?? [])[0];
  };
  const errors = services.flatMap((service) => {
    const error = errorOf(service);
    return error === undefined ? [] : [[service, error] as const];
  });
  const isWell = (service: Service) => errorOf(service) === undefined;
  return HostedHealth.parse({
    status: ready && !isDraining ? "OK" : "DEGRADED",
    data: Object.fromEntries(services.map((service) => [service, isWell(service)])),
    errors: Object.fromEntries(errors),
    ...(isDeep && { meta: { durability, checks } }),
  });
}

interface HealthParts {
  readonly isDraining: () => boolean;
  readonly health: () => Promise<Health>;
}

export function healthRoutes({ isDraining, health }: HealthParts): readonly Route[] {
  const query = z.strictObject({ deep: flag, metrics: ignoredParameter });
  return [
    defineRoute({
      method: "GET",
      path: "/v1/health",
      operationId: "getHostedHealth",
      summary: "How the service is, in the words of the hosted API; with deep, every check",
      permission: undefined,
      query,
      response: HostedHealth,
      refusals: [400],
      handle: async ({ context }, { deep }) => {
        setCache(context, "none");
        setIgnoredFields(context, ignoredOf({ query }, context.query));
        context.body = hostedHealth(await health(), isDraining(), deep === "true");
      },
    }),
    defineRoute({
      method: "GET",
      path: "/v1/health/liveness",
      operationId: "getLiveness",
      summary: "Whether the process is alive, as /healthz says it",
      permission: undefined,
      query: noQuery,
      response: z.object({ status: z.literal("ok") }),
      refusals: [],
      handle: async ({ context }) => {
        setCache(context, "none");
        context.body = { status: "ok" };
      },
    }),
  ];
}
