/** What all routes that read one resource have in common: its tag and place, and 304 where it fits. */
import { z } from "zod";
import type { PastPlace } from "../api/index.js";
import { formatTime } from "../domain/event.js";
import { patchMediaTypes } from "../domain/patch-media-type.js";
import { isNotModified, type ReadCondition, readCondition, readConditions } from "./conditional.js";
import { placeHeaders, setCache, setJson } from "./headers.js";
import { addVersionLinks } from "./links.js";
import { type ApiRequest, asOf, defineRoute, flag, type HttpContext, type Route } from "./route.js";

/** What was read, with its place in the log. */
interface Read {
  readonly version: number;
  readonly position: number;
  readonly tag: string;
  /** There for an answer about the past. */
  readonly past?: PastPlace;
}

const urlParameters = { return_presigned_urls: flag, return_url: flag };
const UrlFlags = z.object(urlParameters);

/** A route that reads one resource, now or as of a point in the past. */
export function defineRead<Answer extends Read>(
  definition: Pick<Route, "path" | "operationId" | "summary" | "response"> & {
    /** Whether it shows, to who asks, signed URLs, which end. */
    readonly showsUrls?: true;
    readonly read: (
      request: ApiRequest,
      options: { asOf: string | undefined; showUrls?: true },
    ) => Promise<Answer>;
    readonly show: (answer: Answer) => object;
    /** Where others reach the resource. */
    readonly urlOf: (request: ApiRequest) => string;
  },
): Route {
  const { read, show, urlOf, showsUrls, ...route } = definition;
  const parameters = { as_of: asOf, ...(showsUrls === true && urlParameters) };
  return defineRoute({
    ...route,
    method: "GET",
    permission: "read",
    headers: readConditions,
    query: z.strictObject(parameters),
    refusals: [400, 404, 412],
    handle: async (request, query) => {
      const { context } = request;
      const condition = readCondition(context);
      const flags = UrlFlags.parse(query);
      const showUrls = flags.return_presigned_urls === "true" || flags.return_url === "true";
      const answer = await read(request, {
        asOf: query.as_of,
        ...(showUrls && { showUrls }),
      });
      addVersionLinks(context, urlOf(request), answer.version, answer.past?.latestVersion);
      setTime(context, answer);
      if (showUrls) {
        context.set(placeHeaders(answer));
        setCache(context, "none");
        context.body = show(answer);
      } else sendRead(context, condition, answer, show(answer));
    },
  });
}

/** @throws PRECONDITION_FAILED when `If-Match` does not hold. */
export function sendRead(
  context: HttpContext,
  condition: ReadCondition,
  answer: Read,
  shown: object,
): void {
  sendText(context, condition, answer, JSON.stringify(shown));
}

/** The same of what is JSON already. @throws PRECONDITION_FAILED when `If-Match` does not hold. */
export function sendText(
  context: HttpContext,
  condition: ReadCondition,
  answer: Read,
  text: string,
): void {
  context.set(placeHeaders(answer));
  if (isNotModified(condition, answer.tag)) context.status = 304;
  else setJson(context, text);
}

/** Whether the answer is about now or the past, and so how long it may be kept. */
export function setTime(context: HttpContext, { past }: Pick<Read, "past">): void {
  if (past === undefined) context.set("Accept-Patch", patchMediaTypes.join(", "));
  setPast(context, past);
}

/** The same for what takes patches in one form alone. */
export function setPast(context: HttpContext, past: PastPlace | undefined): void {
  if (past === undefined) {
    setCache(context, "current");
  } else {
    context.set("Memento-Datetime", new Date(past.recordedAt).toUTCString());
    // The standard's own header knows whole seconds only.
    context.set("X-Recorded-At", formatTime(past.recordedAt));
    context.set("X-Latest-Version", String(past.latestVersion));
    setCache(context, past.isFinal ? "past" : "none");
  }
}
