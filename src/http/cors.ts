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
  "Content-Type",
  "Idempotency-Key",
  "If-Match",
  "If-None-Match",
  "Last-Event-ID",
  "Prefer",
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
  "Idempotency-Replayed",
  "Preference-Applied",
  "X-Request-Id",
  "Retry-After",
  "RateLimit",
  "RateLimit-Policy",
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

/** @param origins exact origins, or `*` for all. */
export function crossOrigin(origins: readonly string[]): Middleware<RequestState> {
  const isOpen = origins.includes("*");
  return async function crossOrigin(context, next) {
    const origin = context.get("Origin");
    if (!isOpen) context.vary("Origin");
    if (origin === "" || !(isOpen || origins.includes(origin))) return await next();
    context.set("Access-Control-Allow-Origin", isOpen ? "*" : origin);
    context.set("Access-Control-Expose-Headers", exposedHeaders);
    const isPreflight =
      context.method === "OPTIONS" && context.get("Access-Control-Request-Method") !== "";
    if (!isPreflight) return await next();
    context.set("Access-Control-Allow-Methods", methods);
    context.set("Access-Control-Allow-Headers", requestHeaders);
    context.set("Access-Control-Max-Age", String(preflightSeconds));
    context.status = 204;
  };
}
