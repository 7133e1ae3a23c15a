/** The route that puts a development store back to its seed; there only when the operator allows it. */
import { z } from "zod";
import { setCache } from "../headers.js";
import { defineRoute, noQuery, type Route } from "../route.js";

export function resetRoute(reset: () => Promise<void>): Route {
  return defineRoute({
    method: "POST",
    path: "/v1/admin/reset",
    operationId: "resetStore",
    summary: "Put the store back to its seed",
    permission: "admin",
    isStoreWide: true,
    query: noQuery,
    body: { "application/json": z.object({}) },
    response: z.object({ reset: z.literal(true) }),
    refusals: [400, 413, 415],
    handle: async ({ context }) => {
      await reset();
      setCache(context, "none");
      context.body = { reset: true };
    },
  });
}
