/** The routes about the service itself: is it alive, is it ready, what does it offer. */
import { z } from "zod";
import { BucketsError } from "../../domain/errors.js";
import { setCache } from "../headers.js";
import { openApiDocument } from "../openapi.js";
import { defineRoute, noQuery, type Route } from "../route.js";

const Status = z.object({
  status: z.literal("ok"),
  durability: z.enum(["full", "relaxed", "none"]).optional(),
});

/**
 * @param isDraining true once the server has been told to stop.
 * @param routes every route, for the document that describes them.
 */
export function serviceRoutes(
  isDraining: () => boolean,
  routes: () => readonly Route[],
): readonly Route[] {
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
          throw new BucketsError("NOT_READY", `Not ready: ${reason}.`, { durability });
        }
        setCache(context, "none");
        context.body = { status: "ok", durability };
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
      handle: async ({ context }) => {
        setCache(context, "current");
        context.body = openApiDocument(routes());
      },
    }),
  ];
}
