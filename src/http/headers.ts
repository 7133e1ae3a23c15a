/** The response headers that many routes share, and reading repeated request headers. */
import type { Response } from "koa";
import type { AsOf, BucketAnswer } from "../api/index.js";
import type { HttpContext } from "./route.js";

/**
 * What keeps a browser from taking an answer for anything but data. Transport security is for the
 * proxy that speaks TLS to say.
 */
export const shieldingHeaders = {
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
} as const;

/**
 * Sets a header of an answer, or several, in the place of Koa's own `set`, which makes lists of what
 * it is given: every answer has a dozen of them.
 */
export function setHeaders(
  this: Pick<Response, "res">,
  field: string | Readonly<Record<string, string | string[]>>,
  value: string | string[] = "",
): void {
  const { res } = this;
  if (res.headersSent) return;
  if (typeof field === "string") res.setHeader(field, value);
  else for (const [name, each] of Object.entries(field)) res.setHeader(name, each);
}

/** Answers with a JSON text. */
export function setJson(context: HttpContext, text: string): void {
  context.set("Content-Type", "application/json; charset=utf-8");
  context.body = text;
}

/** True for a caller who says nothing of media types, or takes all: the first is meant. */
export function acceptsAnything({ req }: HttpContext): boolean {
  const { accept = "*/*" } = req.headers;
  return accept === "*/*";
}

/** Every answer about a bucket carries its tag and place (CONTRACT: writing with care). */
export function placeHeaders(answer: Pick<BucketAnswer, "version" | "position" | "tag">) {
  return {
    ETag: `"${answer.tag}"`,
    "X-Version": String(answer.version),
    "X-Position": String(answer.position),
  };
}

/** What an answer about the past was resolved to, and for how long it may be kept. */
export function setAsOf(context: HttpContext, asOf: AsOf): void {
  context.set("X-Position", String(asOf.position));
  if (asOf.recorded_at !== undefined) {
    context.set("Memento-Datetime", new Date(asOf.recorded_at).toUTCString());
  }
  setCache(context, asOf.is_final ? "past" : "none");
}

/**
 * `current`: may be kept, must be asked about each time. `past`: the same, though it changes only if
 * something of it is erased, unless the server lets it be kept for a while. `final`: never changes;
 * `public`: the same, of what everybody may read. `none`: not to be kept at all.
 */
export function setCache(
  context: HttpContext,
  kind: "current" | "past" | "final" | "public" | "none",
): void {
  switch (kind) {
    case "current":
      context.set("Cache-Control", "private, no-cache");
      break;
    case "past": {
      const { pastCacheSeconds: seconds } = context.state;
      const kept = seconds > 0 ? `max-age=${seconds}, immutable` : "no-cache";
      context.set("Cache-Control", `private, ${kept}`);
      break;
    }
    case "final":
      context.set("Cache-Control", "private, max-age=31536000, immutable");
      break;
    case "public":
      context.set("Cache-Control", "public, max-age=31536000, immutable");
      break;
    case "none":
      context.set("Cache-Control", "no-store");
      break;
  }
}

/** Every line that a request has of a header, which Node otherwise joins. */
export function headerLines(context: HttpContext, name: string): string[] {
  const { headers, rawHeaders } = context.req;
  if (headers[name] === undefined) return [];
  return rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name,
  );
}

const namesMax = 50;
const nameLengthMax = 100;

/** Names that fit a header: percent-encoded where not plain, long ones cut, many counted. */
export function shortList(names: readonly string[]): string {
  const shown = names
    .slice(0, namesMax)
    .map((name) => encodeURIComponent(name).slice(0, nameLengthMax));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(", ")}, and ${more} more` : shown.join(", ");
}
