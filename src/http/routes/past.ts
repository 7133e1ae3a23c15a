/** The routes of the past of a kind of resource (CONTRACT: history and time): they only read. */
import { Readable } from "node:stream";
import { z } from "zod";
import { disclosable, HistoryResponse, type PastReads } from "../../api/index.js";
import { BlameResponse } from "../../domain/blame.js";
import { type DiffFormat, diffFormats } from "../../domain/diff-formats.js";
import { DiffResponse } from "../../domain/diff-response.js";
import { BucketsError } from "../../domain/errors.js";
import { csvHeader, toCsvRows } from "../../domain/history-csv.js";
import { HistoryEntry } from "../../domain/history-entry.js";
import { limits } from "../../domain/limits.js";
import { lastName } from "../../service/read/last-name.js";
import { readCondition, readConditions } from "../conditional.js";
import { setCache, shortList } from "../headers.js";
import { addLink, addVersionLinks, withQuery } from "../links.js";
import { sendRead } from "../read.js";
import { type ApiRequest, asOf, defineRoute, flag, noQuery, type Route } from "../route.js";
import { bucketOf, bucketPath, bucketUrl } from "./buckets.js";

const diffTypes = {
  "json-patch": "application/json-patch+json",
  "merge-patch": "application/merge-patch+json",
  fields: "application/json",
} as const satisfies Record<DiffFormat, string>;

const historyTypes = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  csv: "text/csv",
} as const;

const disclosed = z
  .string()
  .transform((text) => text.split(","))
  .pipe(z.array(z.enum(disclosable)))
  .meta({ description: "Of header, body and meta, those that it shows, with a comma between." });

const below = z.string().optional().meta({ description: "A JSON Pointer, such as /metadata." });

/** Whose past the routes are about. */
interface Subject {
  /** The path of one resource, as in OpenAPI. */
  readonly path: string;
  /** In names of operations and in summaries: `Bucket`, `bucket`. */
  readonly name: string;
  readonly noun: string;
  readonly reads: (request: ApiRequest) => PastReads;
  /** What identifies the resource among those of its kind. */
  readonly identify: (params: ApiRequest["params"]) => string;
  /** As of the routes of the resource itself. */
  readonly namesNamespace?: true;
  /** Where others reach the resource. */
  readonly urlOf: (request: ApiRequest) => string;
}

export const bucketPast = pastRoutes({
  path: bucketPath,
  name: "Bucket",
  noun: "bucket",
  reads: ({ namespace }) => namespace.buckets,
  identify: bucketOf,
  urlOf: ({ publicUrl, params }) => bucketUrl(publicUrl, bucketOf(params)),
});

export function pastRoutes(subject: Subject): readonly Route[] {
  const { path, name, noun, reads, identify, urlOf, ...about } = subject;
  const routes: readonly Route[] = [
    defineRoute({
      method: "GET",
      path: `${path}/history`,
      operationId: `get${name}History`,
      scans: true,
      summary: `Every event of ${article(noun)}`,
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
      otherResponses: { [historyTypes.ndjson]: z.string(), [historyTypes.csv]: z.string() },
      refusals: [400, 404],
      handle: async (request, query) => {
        const { context, params } = request;
        const page = await reads(request).history(identify(params), query);
        const { next_cursor: cursor } = page.pagination;
        if (cursor !== undefined) {
          // The forms that are nothing but events have no other place for where to go on.
          addLink(context, withQuery(`${urlOf(request)}/history`, { ...query, cursor }), "next");
        }
        setCache(context, "current");
        await sendHistory(request, page);
      },
    }),
    defineRoute({
      method: "GET",
      path: `${path}/history/{version}`,
      operationId: `get${name}HistoryEntry`,
      summary: `One event of ${article(noun)}`,
      permission: "read",
      headers: readConditions,
      query: noQuery,
      response: HistoryEntry,
      refusals: [400, 404, 412],
      handle: async (request) => {
        const { context, params } = request;
        const condition = readCondition(context);
        const entry = await reads(request).entry(identify(params), versionOf(params));
        const newest = await reads(request).history(identify(params), { limit: 1 });
        const latestVersion = newest.results[0]?.version;
        addVersionLinks(context, urlOf(request), entry.version, latestVersion);
        setCache(context, "past");
        sendRead(context, condition, { ...entry, tag: String(entry.version) }, entry);
      },
    }),
    defineRoute({
      method: "GET",
      path: `${path}/history/{version}/proof`,
      operationId: `prove${name}HistoryEntry`,
      summary: `A file that proves one event of ${article(noun)} (C2SP tlog-proof)`,
      permission: "read",
      query: z.strictObject({
        disclose: disclosed.optional(),
        size: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
        with_previous: flag.meta({
          description: "Whether it proves the event before it as well.",
        }),
      }),
      response: z.string(),
      responseTypes: ["text/plain"],
      refusals: [400, 404],
      handle: async (request, query) => {
        const { context, params, assertPermits } = request;
        // It tells addresses.
        if (query.disclose?.includes("meta") === true) assertPermits("admin");
        const { with_previous: withPrevious, ...options } = query;
        const proof = await reads(request).proof(identify(params), versionOf(params), {
          ...options,
          withPrevious: withPrevious === "true",
        });
        setCache(context, "none");
        context.body = proof;
        context.type = "text/plain; charset=utf-8";
      },
    }),
    defineRoute({
      method: "GET",
      path: `${path}/diff`,
      operationId: `diff${name}`,
      scans: true,
      summary: "What changed between two points",
      permission: "read",
      query: z.strictObject({ from: asOf, to: asOf, format: z.enum(diffFormats).optional() }),
      response: DiffResponse,
      responseTypes: Object.values(diffTypes),
      refusals: [400, 404, 422],
      handle: async (request, query) => {
        const { context, params } = request;
        setCache(context, "current");
        context.body = JSON.stringify(await reads(request).diff(identify(params), query));
        context.type = diffTypes[query.format ?? "json-patch"];
      },
    }),
    defineRoute({
      method: "GET",
      path: `${path}/blame`,
      operationId: `blame${name}`,
      scans: true,
      summary: "The event that last set each field, now or as of a point in the past",
      permission: "read",
      query: z.strictObject({ path: below, as_of: asOf }),
      response: BlameResponse,
      refusals: [400, 404],
      handle: async (request, { path: below, as_of: point }) => {
        const { context, params } = request;
        setCache(context, "current");
        context.body = await reads(request).blame(identify(params), { path: below, asOf: point });
      },
    }),
    defineRoute({
      method: "GET",
      path: `${path}/replay`,
      operationId: `replay${name}`,
      scans: true,
      summary: `Fold ${article(noun)} anew from the log, event by event`,
      permission: "read",
      query: z.strictObject({ from: asOf, to: asOf }),
      response: z.string(),
      responseTypes: ["application/x-ndjson"],
      refusals: [400, 404],
      handle: async (request, query) => {
        const { context, params } = request;
        const lines = reads(request).replay(identify(params), query)[Symbol.asyncIterator]();
        // The first line is awaited here, so that a refusal still gets its status.
        const first = await lines.next();
        setCache(context, "none");
        context.type = "application/x-ndjson";
        context.body = Readable.from(toNdjson(first, lines));
      },
    }),
  ];
  return routes.map((route) => ({ ...route, ...about }));
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

/**
 * The page in the form that the caller accepts best. Forms without a place for what the page passes
 * over name it in a header.
 */
async function sendHistory(request: ApiRequest, page: HistoryResponse): Promise<void> {
  const { context } = request;
  const positions = (page.unreadable ?? []).map(({ position }) => String(position));
  if (positions.length > 0) context.set("X-Unreadable", shortList(positions));
  switch (context.accepts(Object.values(historyTypes))) {
    case historyTypes.ndjson:
      context.body = page.results.map((entry) => `${JSON.stringify(entry)}\n`).join("");
      context.type = historyTypes.ndjson;
      break;
    case historyTypes.csv:
      context.body = await toCsv(request, page);
      context.type = `${historyTypes.csv}; charset=utf-8; header=present`;
      break;
    default:
      context.body = page;
  }
}

async function toCsv({ namespace }: ApiRequest, { results }: HistoryResponse) {
  const [first] = results;
  if (first === undefined) return csvHeader;
  // Whatever it is the history of lies in one bucket, or in none.
  const place = {
    namespace: namespace.name,
    bucket_name: await lastName(namespace.buckets, first.bucket_id),
  };
  return csvHeader + results.map((entry) => toCsvRows(entry, place)).join("");
}

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
