/**
 * The change feed over HTTP (CONTRACT: history and time): a page, which may wait for its first
 * event, or a stream of server-sent events. One page of events is in memory for each consumer.
 */
import { Readable } from "node:stream";
import { z } from "zod";
import { allNamespaces, type Feed, type FeedEvent, FeedPage } from "../../api/index.js";
import { BucketsError } from "../../domain/errors.js";
import { limits } from "../../domain/limits.js";
import { clearTimeout, setTimeout } from "../../timers.js";
import { CloudEvent, toCloudEvent } from "../cloud-events.js";
import { setCache } from "../headers.js";
import { addLink, withQuery } from "../links.js";
import { type ApiRequest, defineRoute, type HttpContext, type Route } from "../route.js";

/** How patient the feed is, milliseconds. */
export interface FeedTimes {
  /** A comment is sent after this much silence, so that both ends learn of a dead connection. */
  readonly heartbeatMs: number;
  /** A consumer that takes nothing for so long is dropped; it comes back with its last id. */
  readonly slowConsumerMs: number;
  /** When a consumer that lost its connection is to come back. */
  readonly retryMs: number;
}

const defaultTimes: FeedTimes = { heartbeatMs: 10_000, slowConsumerMs: 30_000, retryMs: 1_000 };

const mediaTypes = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  eventStream: "text/event-stream",
  cloudEvents: "application/cloudevents-batch+json",
} as const;

const streamPageEvents = 100;

const FeedRequest = z.strictObject({
  after: z.string().optional().meta({
    description:
      "The cursor of the last event that was handled, or a position of the log; from the beginning unless given. Independent of the filters.",
  }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(limits.pageSizeMax)
    .optional()
    .meta({ description: "Events of a page; one of large events may be shorter." }),
  types: z
    .string()
    .optional()
    .meta({ description: "Only these types, with commas between: bucket.patched,bucket.locked" }),
  bucket: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "Only this bucket, by its id, also if deleted, or its name." }),
  wait: z.coerce
    .number()
    .int()
    .min(0)
    .max(limits.feedWaitMsMax / 1_000)
    .optional()
    .meta({ description: "Seconds to wait for the first event of a page." }),
});
type FeedRequest = z.infer<typeof FeedRequest>;

/** @param stopping ends streams and waiting pages. */
export function feedRoute(stopping?: AbortSignal, times: Partial<FeedTimes> = {}): Route {
  return defineRoute({
    method: "GET",
    path: "/v1/events",
    operationId: "listEvents",
    summary:
      "What changed, in commit order: a page, or a stream that goes on; X-Namespace * for all",
    permission: "read",
    takesAllNamespaces: true,
    headers: ["Last-Event-ID"],
    query: FeedRequest,
    response: FeedPage,
    otherResponses: {
      [mediaTypes.ndjson]: z.string(),
      [mediaTypes.eventStream]: z.string(),
      [mediaTypes.cloudEvents]: z.array(CloudEvent),
    },
    refusals: [400, 404, 410],
    handle: async (request, query) => {
      const { context } = request;
      setCache(context, "none");
      const signal = untilClosed(context, stopping);
      const type = context.accepts(Object.values(mediaTypes));
      if (type === mediaTypes.eventStream) {
        await sendStream(request, query, signal, { ...defaultTimes, ...times });
      } else {
        await sendPage(request, query, signal, type === false ? mediaTypes.json : type);
      }
    },
  });
}

/** Aborts when the caller has gone or the server is to stop. */
function untilClosed({ res }: HttpContext, stopping: AbortSignal | undefined): AbortSignal {
  const ending = new AbortController();
  const end = () => ending.abort();
  res.once("close", end);
  if (stopping?.aborted === true) end();
  stopping?.addEventListener("abort", end, { signal: ending.signal });
  return ending.signal;
}

async function sendPage(
  request: ApiRequest,
  query: FeedRequest,
  signal: AbortSignal,
  type: string,
): Promise<void> {
  const { context, basePath, isStillOpen } = request;
  const feed = openFeed(request, query, query.after, signal);
  const waitMs = (query.wait ?? 0) * 1_000;
  const page = await feed.page({ limit: query.limit, waitMs });
  if (page === undefined) {
    context.set("Connection", "close");
    throw new BucketsError("NOT_READY", "The server is shutting down: ask it again soon.");
  }
  if (!isStillOpen()) {
    throw new BucketsError(
      "UNAUTHORIZED",
      "The token expired or was revoked while the page waited.",
    );
  }
  // The forms that are nothing but events have no other place for where to go on.
  addLink(context, withQuery("", { ...query, after: page.pagination.next_cursor }), "next");
  const { results } = page;
  switch (type) {
    case mediaTypes.ndjson:
      context.body = results.map((event) => `${JSON.stringify(event)}\n`).join("");
      break;
    case mediaTypes.cloudEvents:
      context.body = JSON.stringify(results.map((event) => toCloudEvent(event, basePath)));
      break;
    default:
      context.body = page;
      return;
  }
  context.type = type;
}

async function sendStream(
  request: ApiRequest,
  query: FeedRequest,
  signal: AbortSignal,
  times: FeedTimes,
): Promise<void> {
  for (const name of ["limit", "wait"] as const) {
    if (query[name] === undefined) continue;
    const message = `${name} is for pages: a stream of events goes on until it is closed.`;
    throw new BucketsError("BAD_REQUEST", message);
  }
  const { context, isStillOpen, admission } = request;
  const leave = admission.streams.take(request.tokenName);
  context.res.once("close", leave);
  // A browser comes back with the address that it began with, and the id that it came to.
  const after = context.get("Last-Event-ID") || query.after;
  const feed = openFeed(request, query, after, signal);
  // The first page is read here, so that a refusal still gets its status.
  const first = await feed.page({ limit: streamPageEvents });
  context.type = mediaTypes.eventStream;
  // Proxies that collect an answer before they pass it on would hold every event back.
  context.set("X-Accel-Buffering", "no");
  context.set("Connection", "close");
  const drop = () => context.res.destroy();
  const text = streamText(feed, first, isStillOpen, times);
  context.body = Readable.from(withoutSlowness(text, times.slowConsumerMs, drop));
}

function openFeed(
  { context, store, namespace: asked, openedNamespaces }: ApiRequest,
  { bucket, types }: FeedRequest,
  after: string | undefined,
  signal: AbortSignal,
): Feed {
  const isOfAll = context.get("X-Namespace") === allNamespaces;
  const namespace = isOfAll ? allNamespaces : asked.name;
  // Who sees some namespaces alone is not told by a cursor how much happens in others.
  const hidesPlaces = openedNamespaces !== undefined;
  const feedQuery = { after, bucket, namespace, types: types?.split(","), signal, hidesPlaces };
  return store.events(feedQuery);
}

/** The pages as server-sent events; after each silence a comment, and the id if it has moved on. */
async function* streamText(
  feed: Feed,
  first: FeedPage | undefined,
  isStillOpen: () => boolean,
  { heartbeatMs, retryMs }: FeedTimes,
): AsyncIterable<string> {
  yield `retry: ${retryMs}\n\n`;
  let sentId: string | undefined;
  for (let page = first; page !== undefined; ) {
    if (!isStillOpen()) return;
    const id = page.pagination.next_cursor;
    for (const { position, problem } of page.unreadable ?? []) {
      yield `: the event at ${position} cannot be read: ${problem}\n\n`;
    }
    if (page.results.length > 0) yield page.results.map(toServerSentEvent).join("");
    else if (page !== first) yield id === sentId ? ":\n\n" : `:\nid: ${id}\n\n`;
    if (page.results.length > 0 || page !== first) sentId = id;
    page = await feed.page({ limit: streamPageEvents, waitMs: heartbeatMs });
  }
}

/** JSON has no line break in it, so that one data line is the event. */
function toServerSentEvent(event: FeedEvent): string {
  return `id: ${event.cursor}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Passes on what is taken in time: a chunk that nobody asks beyond for so long drops the consumer. */
async function* withoutSlowness(
  chunks: AsyncIterable<string>,
  patienceMs: number,
  drop: () => void,
): AsyncIterable<string> {
  for await (const chunk of chunks) {
    const timer = setTimeout(drop, patienceMs);
    try {
      yield chunk;
    } finally {
      clearTimeout(timer);
    }
  }
}
