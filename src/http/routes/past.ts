/** The routes of a bucket's past (CONTRACT: history and time): they only read. */
import { Readable } from "node:stream";
import { z } from "zod";
import { BlameResponse } from "../../domain/blame.js";
import { type DiffFormat, DiffResponse, diffFormats } from "../../domain/diff-formats.js";
import { BucketsError } from "../../domain/errors.js";
import { HistoryEntry } from "../../domain/history.js";
import { limits } from "../../domain/limits.js";
import { HistoryResponse } from "../../service/interface.js";
import { setCache } from "../headers.js";
import { type ApiRequest, asOf, defineRoute, noQuery, type Route } from "../route.js";
import { bucketOf, bucketPath } from "./buckets.js";

const diffTypes = {
  "json-patch": "application/json-patch+json",
  "merge-patch": "application/merge-patch+json",
  fields: "application/json",
} as const satisfies Record<DiffFormat, string>;

const below = z.string().optional().meta({ description: "A JSON Pointer, such as /metadata." });

export const pastRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: `${bucketPath}/history`,
    operationId: "getBucketHistory",
    summary: "Every event of a bucket",
    permission: "read",
    query: z.strictObject({
      order: z.enum(["asc", "desc"]).optional(),
      from: asOf,
      to: asOf,
      type: z.string().optional().meta({ description: "Such as bucket.patched." }),
      actor: z.string().optional(),
      path: below,
      limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).optional(),
      cursor: z.string().optional(),
    }),
    response: HistoryResponse,
    refusals: [400, 404],
    handle: async ({ context, namespace, params }, query) => {
      setCache(context, "current");
      context.body = await namespace.buckets.history(bucketOf(params), query);
    },
  }),
  defineRoute({
    method: "GET",
    path: `${bucketPath}/history/{version}`,
    operationId: "getBucketHistoryEntry",
    summary: "One event of a bucket",
    permission: "read",
    query: noQuery,
    response: HistoryEntry,
    refusals: [400, 404],
    handle: async ({ context, namespace, params }) => {
      const entry = await namespace.buckets.entry(bucketOf(params), versionOf(params));
      setCache(context, "final");
      context.body = entry;
    },
  }),
  defineRoute({
    method: "GET",
    path: `${bucketPath}/diff`,
    operationId: "diffBucket",
    summary: "What changed between two points",
    permission: "read",
    query: z.strictObject({ from: asOf, to: asOf, format: z.enum(diffFormats).optional() }),
    response: DiffResponse,
    responseTypes: Object.values(diffTypes),
    refusals: [400, 404, 422],
    handle: async ({ context, namespace, params }, query) => {
      setCache(context, "current");
      context.body = JSON.stringify(await namespace.buckets.diff(bucketOf(params), query));
      context.type = diffTypes[query.format ?? "json-patch"];
    },
  }),
  defineRoute({
    method: "GET",
    path: `${bucketPath}/blame`,
    operationId: "blameBucket",
    summary: "The event that last set each field",
    permission: "read",
    query: z.strictObject({ path: below }),
    response: BlameResponse,
    refusals: [400, 404],
    handle: async ({ context, namespace, params }, query) => {
      setCache(context, "current");
      context.body = await namespace.buckets.blame(bucketOf(params), query);
    },
  }),
  defineRoute({
    method: "GET",
    path: `${bucketPath}/replay`,
    operationId: "replayBucket",
    summary: "Fold a bucket anew from the log, event by event",
    permission: "read",
    query: z.strictObject({ from: asOf, to: asOf }),
    response: z.string(),
    responseTypes: ["application/x-ndjson"],
    refusals: [400, 404],
    handle: async ({ context, namespace, params }, query) => {
      const lines = namespace.buckets.replay(bucketOf(params), query)[Symbol.asyncIterator]();
      // The first line is awaited here, so that a refusal still gets its status.
      const first = await lines.next();
      setCache(context, "none");
      context.type = "application/x-ndjson";
      context.body = Readable.from(toNdjson(first, lines));
    },
  }),
];

/** @throws BAD_REQUEST for what is no version. */
function versionOf(params: ApiRequest["params"]): number {
  const text = params["version"] ?? "";
  if (/^[1-9][0-9]*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new BucketsError("BAD_REQUEST", `"${text}" is no version: versions count from 1.`);
}

async function* toNdjson<T>(
  first: IteratorResult<T>,
  rest: AsyncIterator<T>,
): AsyncIterable<string> {
  for (let line = first; line.done !== true; line = await rest.next()) {
    yield `${JSON.stringify(line.value)}\n`;
  }
}
