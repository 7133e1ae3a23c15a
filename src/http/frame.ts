/**
 * What surrounds every request, whatever it is about: its id, what every answer carries, and one line
 * and one observation at its end.
 */
import type { Middleware } from "koa";
import type { Logger } from "pino";
import type { EmbeddedStore } from "../api/index.js";
import { clockSkewOf } from "./clock-skew.js";
import { setCache, shieldingHeaders } from "./headers.js";
import type { Metrics } from "./metrics.js";
import type { ReadyAnswers } from "./ready-answers.js";
import type { HttpContext, RequestState } from "./route.js";
import { readTraceId } from "./trace-context.js";

interface Framing {
  readonly store: Pick<EmbeddedStore, "clockSkewMs">;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly newRequestId: () => string;
  readonly isDraining: () => boolean;
  readonly pastCacheSeconds?: number;
  /** What can be answered at once; nothing can unless given. */
  readonly ready: ReadyAnswers | undefined;
}

export function frameRequests(framing: Framing): Middleware<RequestState> {
  return async function frameRequests(context, next) {
    identify(context, framing);
    const started = performance.now();
    const skew = clockSkewOf(framing.store);
    // What the clock, or the end, has every answer tell is no part of one that is repeated.
    const ready = skew === undefined && !framing.isDraining() ? framing.ready : undefined;
    if (ready?.repeat(context) !== true) {
      shield(context, framing);
      if (skew !== undefined) context.set("X-Clock-Skew", skew);
      await next();
      ready?.note(context);
      // A server that stops tells its clients not to send their next request on this connection.
      if (framing.isDraining()) context.set("Connection", "close");
    }
    observe(context, performance.now() - started, framing);
  };
}

/** Echoes the caller's id if it is sane, so that it cannot forge log lines; else makes one. */
function identify({ state, req }: HttpContext, { newRequestId }: Framing): void {
  const { "x-request-id": sent, traceparent } = req.headers;
  const isSane = typeof sent === "string" && /^[\w.:/+=@-]{1,128}$/.test(sent);
  state.requestId = isSane ? sent : newRequestId();
  state.route = "unmatched";
  state.traceId = typeof traceparent === "string" ? readTraceId(traceparent) : undefined;
}

/** What every answer carries; a route says more about caching where it knows more. */
function shield(context: HttpContext, { pastCacheSeconds = 0 }: Framing): void {
  context.state.pastCacheSeconds = pastCacheSeconds;
  context.set("X-Request-Id", context.state.requestId);
  context.set(shieldingHeaders);
  setCache(context, "none");
  context.set("Vary", "Accept, Authorization, X-Namespace");
}

/** Never a header, a query or a body: those may hold secrets. */
function observe(context: HttpContext, milliseconds: number, { logger, metrics }: Framing): void {
  const { method, status } = context;
  const { requestId, route, actor, traceId } = context.state;
  metrics.observe({ method, route, status, seconds: milliseconds / 1000 });
  logger.info({
    request_id: requestId,
    trace_id: traceId,
    method,
    route,
    status,
    duration_ms: milliseconds,
    actor,
  });
}
