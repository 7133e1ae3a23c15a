/** The routes of statistics over time, for pages and dashboards. */
import { z } from "zod";
import { ActivityAnswer, StatisticsHistoryAnswer } from "../../api/index.js";
import { limits } from "../../domain/limits.js";
import { setCache } from "../headers.js";
import { defineRoute, type Route } from "../route.js";
import { bucketOf, bucketPath } from "./buckets.js";

const range = {
  from: z.string().optional().meta({ description: "RFC 3339 with offset or a day." }),
  to: z.string().optional().meta({ description: "The same; now unless given." }),
};

export const statisticsRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/v1/stats/activity",
    operationId: "getActivity",
    scans: true,
    summary: "How many events there were in the namespace, by time and type",
    permission: "read",
    query: z.strictObject({
      ...range,
      step: z.coerce
        .number()
        .int()
        .min(1)
        .optional()
        .meta({ description: "The length of a step in seconds; an hour unless given." }),
    }),
    response: ActivityAnswer,
    refusals: [400],
    handle: async ({ context, namespace }, query) => {
      setCache(context, "none");
      context.body = await namespace.statistics.activity(query);
    },
  }),
  defineRoute({
    method: "GET",
    path: `${bucketPath}/stats/history`,
    operationId: "getBucketStatisticsHistory",
    scans: true,
    summary: "What a bucket held at moments between two points in time",
    permission: "read",
    query: z.strictObject({
      ...range,
      points: z.coerce.number().int().min(1).max(limits.statisticsPointsMax).optional(),
    }),
    response: StatisticsHistoryAnswer,
    refusals: [400, 404],
    handle: async ({ context, namespace, params }, query) => {
      setCache(context, "none");
      context.body = await namespace.statistics.history(bucketOf(params), query);
    },
  }),
];
