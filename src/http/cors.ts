/**
 * Cross-origin requests (Fetch standard): closed unless origins are configured. Tokens travel in
 * `Authorization`, which a script sets itself, so credentials of the browser are never allowed.
 */
import type { Middleware } from "koa";
import { BucketsError } from "../domain/errors.js";
import type { RequestState } from "./route.js";

const methods = "GET, HEAD, POST, PUT, PATCH, DELETE";

const requestHeaders = [
  "Accept-Datetime",
  "Authorization",
  "Content-Digest",
  "Content-MD5",
  "Content-Type",
  "Idempotency-Key",
  "If-Match",
  "If-None-Match",
  "If-Range",
  "Last-Event-ID",
  "Prefer",
  "Range",
  "Repr-Digest",
  "X-Actor",
  "X-Namespace",
  "X-Reason",
  "X-Request-Id",
  "traceparent",
  "tracestate",
].join(", ");

/** What a script may read beside the headers that are always readable. */
const exposedHeaders = [
  "ETag",
  "X-Version",
  "X-Position",
  "X-Recorded-At",
  "X-Latest-Version",
  "Location",
  "Content-Location",
  "Link",
  "Memento-Datetime",
  "X-Ignored-Fields",
  "X-Unreadable",
  "Idempotency-Replayed",
  "Preference-Applied",
  "X-Request-Id",
  "Retry-After",
  "RateLimit",
  "RateLimit-Policy",
  "Content-Range",
  "Content-Disposition",
  "Accept-Ranges",
  "Accept-Patch",
  "Accept-Encoding",
  "Allow",
  "WWW-Authenticate",
  "X-Clock-Skew",
].join(", ");

const preflightSeconds = 600;

/** An origin as browsers send it, or `*`. @throws BAD_REQUEST for anything that could never match. */
export function parseOrigin(text: string): string {
  if (text === "*" || (URL.canParse(text) && new URL(text).origin === text)) return text;
  throw new BucketsError(
    "BAD_REQUEST",
    `"${text}" is no origin: send one as https://app.example.com, without a path, or *.`,
  );
}

/**
 * What lets a script of that origin read an answer; undefined when it may not.
 * @param origins exact origins, or `*` for all.
 */
export function corsHeaders(
  origins: readonly string[],
  origin: string,
): Readonly<Record<string, string>> | undefined {
  const isOpen = origins.includes("*");
  if (origin === "" || !(isOpen || origins.includes(origin))) return undefined;
  return {
    "Access-Control-Allow-Origin": isOpen ? "*" : origin,
    "Access-Control-Expose-Headers": exposedHeaders,
  };
}

/** @param origins exact origins, or `*` for all. */
export function crossOrigin(origins: readonly string[]): Middleware<RequestState> {
  return async function crossOrigin(context, next) {
    if (!origins.includes("*")) context.vary("Origin");
    const headers = corsHeaders(origins, context.get("Origin"));
    if (headers === undefined) return await next();
    context.set(headers);
    const isPreflight =
      context.method === "OPTIONS" && context.get("Access-Control-Request-Method") !== "";
    if (!isPreflight) return await next();
    context.set("Access-Control-Allow-Methods", methods);
    context.set("Access-Control-Allow-Headers", requestHeaders);
    context.set("Access-Control-Max-Age", String(preflightSeconds));
    context.status = 204;
  };
}
