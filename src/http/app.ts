/**
 * The Koa app: one visible list of middleware, then the routes. It knows the service by its
 * interface alone, and nothing of engines.
 */
import { hash } from "node:crypto";
import Router from "@koa/router";
import Koa from "koa";
import type { Logger } from "pino";
import { patchMediaTypes } from "../domain/bucket/patch.js";
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { permits } from "../domain/permissions.js";
import { allNamespaces, type EmbeddedStore } from "../service/interface.js";
import { randomPool } from "../service/random.js";
import { actorOf, assertPermits, createGate, type Gate, namespaceOf } from "./access.js";
import { parseBasePath } from "./base-path.js";
import { readJsonBody } from "./body.js";
import { crossOrigin, parseOrigin } from "./cors.js";
import { setCache, shieldingHeaders } from "./headers.js";
import { createMetrics, type Metrics } from "./metrics.js";
import { isInternal, problemMediaType, toProblem } from "./problem.js";
import {
  type ApiRequest,
  assertBody,
  type HttpContext,
  type RequestState,
  type Route,
} from "./route.js";
import { auditRoutes } from "./routes/audit.js";
import { type FeedTimes, feedRoute } from "./routes/feed.js";
import { ingestRoute } from "./routes/ingest.js";
import { logRoutes } from "./routes/log.js";
import { resetRoute } from "./routes/reset.js";
import { resourceRoutes } from "./routes/resources.js";
import { serviceRoutes } from "./routes/service.js";
import { taskRoutes } from "./routes/tasks.js";
import { tokenRoutes } from "./routes/tokens.js";
import { transactionRoute } from "./routes/transactions.js";
import { readTraceId } from "./trace-context.js";

export interface AppOptions {
  readonly store: EmbeddedStore;
  readonly logger: Logger;
  /** Makes the ids of requests that bring none; `req_` and 128 random bits unless given. */
  readonly newRequestId?: () => string;
  /** Serve without tokens, as an admin; for loopback only. */
  readonly noAuth?: boolean;
  /** Refuse writes to an existing bucket without If-Match. */
  readonly requireIfMatch?: boolean;
  /** The origin that clients reach the server by, when it is not the one of the request. */
  readonly publicUrl?: string;
  /** Puts the store back to its seed; the route for it exists only with this. */
  readonly reset?: () => Promise<void>;
  /** The path under which everything is served, as `/api/buckets`; the root unless given. */
  readonly basePath?: string;
  /** The origins whose scripts may use the API, or `*` for all; none unless given. */
  readonly corsOrigins?: readonly string[];
  /** Requests per minute of one token, and failed ones of one address; no limit unless given. */
  readonly rateLimit?: number;
  /** Milliseconds that never run backwards, for the rate limit; for tests. */
  readonly clock?: () => number;
  /** True once the server has been told to stop. */
  readonly isDraining?: () => boolean;
  /** Aborted once the server has been told to stop: what would go on for ever ends. */
  readonly stopping?: AbortSignal;
  /** The connections of requests that may take longer than others to arrive. */
  readonly unhurried?: WeakSet<object>;
  /** How patient the change feed is; for tests. */
  readonly feedTimes?: Partial<FeedTimes>;
}

type Middleware = Koa.Middleware<RequestState>;

export function createApp(options: AppOptions): Koa<RequestState> {
  const app = new Koa<RequestState>();
  const { store, isDraining = () => false } = options;
  const basePath = parseBasePath(options.basePath ?? "");
  const origins = (options.corsOrigins ?? []).map(parseOrigin);
  const metrics = createMetrics(store, isDraining);
  const routes: Route[] = [
    ...resourceRoutes,
    ingestRoute(metrics.countDelivery),
    transactionRoute(resourceRoutes),
    ...taskRoutes,
    ...auditRoutes,
    ...logRoutes,
    feedRoute(options.stopping, options.feedTimes),
    ...tokenRoutes,
    ...(options.reset === undefined ? [] : [resetRoute(options.reset)]),
    ...serviceRoutes({ isDraining, metrics, routes: () => routes }),
  ];
  const gate = createGate({
    tokens: store.tokens,
    noAuth: options.noAuth === true,
    rateLimit: options.rateLimit,
    clock: options.clock ?? (() => performance.now()),
  });
  const router = createRouter(routes, { ...options, basePath, gate });

  app.on("error", logBroken(options.logger));
  app.use(requestId(options.newRequestId ?? randomRequestId));
  app.use(observeRequests(options.logger, metrics));
  app.use(sayGoodbye(isDraining));
  app.use(shield);
  if (origins.length > 0) app.use(crossOrigin(origins));
  app.use(answerErrors(options.logger, basePath));
  app.use(hygiene);
  app.use(router.routes());
  app.use(router.allowedMethods());
  return app;
}

const drawBytes = randomPool();

export function randomRequestId(): string {
  return `req_${Buffer.from(drawBytes(16)).toString("hex")}`;
}

/** Echoes the caller's id if it is sane, so that it cannot forge log lines; else makes one. */
function requestId(newRequestId: () => string): Middleware {
  return async function requestId(context, next) {
    const sent = context.get("X-Request-Id");
    context.state.requestId = /^[\w.:/+=@-]{1,128}$/.test(sent) ? sent : newRequestId();
    context.state.route = "unmatched";
    context.state.traceId = readTraceId(context.get("traceparent"));
    context.set("X-Request-Id", context.state.requestId);
    await next();
  };
}

/**
 * One line and one observation for each request. Never a header, a query or a body: those may hold
 * secrets.
 */
function observeRequests(logger: Logger, metrics: Metrics): Middleware {
  return async function observeRequests(context, next) {
    const started = performance.now();
    await next();
    const milliseconds = performance.now() - started;
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
  };
}

/** A server that stops tells its clients not to send their next request on this connection. */
function sayGoodbye(isDraining: () => boolean): Middleware {
  return async function sayGoodbye(context, next) {
    await next();
    if (isDraining()) context.set("Connection", "close");
  };
}

/** Answers that broke off after their status was sent; one that the caller ended is no fault. */
function logBroken(logger: Logger) {
  return (error: Error, context: HttpContext) => {
    if (context.res.destroyed && !isOurFault(error)) return;
    const { requestId } = context.state;
    logger.error({ request_id: requestId, err: error }, "answer broke off");
  };
}

function isOurFault(error: Error): boolean {
  const code = "code" in error ? error.code : undefined;
  return code !== "ERR_STREAM_PREMATURE_CLOSE" && code !== "ECONNRESET" && code !== "EPIPE";
}

/** What every answer carries; a route says more about caching where it knows more. */
const shield: Middleware = async function shield(context, next) {
  context.set(shieldingHeaders);
  setCache(context, "none");
  context.vary("Accept, Authorization, X-Namespace");
  await next();
};

/** The one place where an error becomes an answer; what is our fault is logged with its stack. */
function answerErrors(logger: Logger, basePath: string): Middleware {
  return async function answerErrors(context, next) {
    try {
      await next();
      assertAnswered(context);
    } catch (error) {
      const { requestId } = context.state;
      if (isInternal(error)) logger.error({ request_id: requestId, err: error }, "request failed");
      const wantsProblemJson = prefersProblemJson(context);
      const problem = toProblem(error, { requestId, wantsProblemJson, basePath });
      context.status = problem.status;
      context.set(problem.headers);
      setCache(context, "none");
      if (problem.status === 415) context.set(acceptedTypes(context, error));
      // A body that was not read to its end cannot be skipped: the connection ends with it.
      if (problem.status === 413) context.set("Connection", "close");
      context.body = problem.body;
      context.type = problem.mediaType;
    }
  };
}

/** What the router could not answer. */
function assertAnswered(context: HttpContext): void {
  // Koa answers undefined for a header that is not set, whatever its types say.
  const allow = context.response.get("Allow") || "";
  if (context.method === "OPTIONS" && allow !== "") {
    if (allow.includes("PATCH")) context.set("Accept-Patch", patchMediaTypes.join(", "));
    context.status = 204;
    return;
  }
  if (context.body !== undefined && context.body !== null) return;
  switch (context.status) {
    case 404:
      throw new BucketsError("NOT_FOUND", `There is no route ${context.method} ${context.path}.`);
    case 405:
      throw new BucketsError(
        "METHOD_NOT_ALLOWED",
        `${context.path} does not take ${context.method}: use ${allow}.`,
      );
    case 501:
      throw new BucketsError("NOT_IMPLEMENTED", `The method ${context.method} is not known here.`);
  }
}

function acceptedTypes(context: HttpContext, error: unknown): Record<string, string> {
  const isEncoding = error instanceof BucketsError && "accept_encoding" in error.details;
  if (isEncoding) return { "Accept-Encoding": "identity" };
  return context.method === "PATCH" ? { "Accept-Patch": patchMediaTypes.join(", ") } : {};
}

function prefersProblemJson(context: HttpContext): boolean {
  return context.get("Accept").toLowerCase().includes(problemMediaType);
}

/**
 * What no route may see: an endless URL, no or two Host headers, which Node lets in, and a path that
 * is not UTF-8 or hides control characters.
 */
const hygiene: Middleware = async function hygiene(context, next) {
  if (Buffer.byteLength(context.url) > limits.urlBytesMax) {
    throw new BucketsError("URI_TOO_LONG", `A URL has at most ${limits.urlBytesMax} bytes.`);
  }
  const hosts = context.req.rawHeaders.filter(
    (name, index) => index % 2 === 0 && name.toLowerCase() === "host",
  );
  if (hosts.length !== 1) {
    // Whoever sends this may mean another request by what comes next than we do.
    context.set("Connection", "close");
    throw new BucketsError("BAD_REQUEST", "Send one Host header.");
  }
  if (/\p{Cc}/u.test(decodePath(context.path))) {
    throw new BucketsError("BAD_REQUEST", "The path contains control characters.");
  }
  await next();
};

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new BucketsError("BAD_REQUEST", "The path is not percent-encoded UTF-8.");
  }
}

/** What serving a request takes beside the request. */
interface Serving extends AppOptions {
  readonly basePath: string;
  readonly gate: Gate;
}

function createRouter(routes: readonly Route[], options: Serving): Router<RequestState> {
  const router = new Router<RequestState>({ sensitive: true, strict: true });
  for (const route of routes) {
    const path = options.basePath + route.path.replaceAll(/\{(\w+)\}/g, ":$1");
    router.register(path, [route.method], async (context) => {
      context.state.route = route.path;
      await serve(route, context, options);
    });
  }
  return router;
}

/** Checks in the order of the contract: token, permission, query, media type and body; then serves. */
async function serve(route: Route, context: HttpContext, options: Serving): Promise<void> {
  const { store, basePath } = options;
  const token = options.gate.admit(route, context);
  const actor = actorOf(context, token);
  context.state.actor = actor;
  const { requestId, traceId } = context.state;
  const origin = options.publicUrl ?? `${context.protocol}://${context.host}`;
  const publicUrl = `${origin}${basePath}`;
  const caller = {
    actor,
    token: token.name,
    requestId,
    publicUrl,
    ...(traceId !== undefined && { traceId }),
    ...(context.get("User-Agent") !== "" && { userAgent: context.get("User-Agent") }),
    ...(context.ip !== "" && { remoteAddress: context.ip }),
  };
  const namespace = store.namespace(servedNamespace(route, context), caller);
  assertAcceptable(route, context);
  const respond = route.prepare(context.query);
  const mediaTypes = Object.keys(route.body ?? {});
  const takesBody = mediaTypes.length > 0;
  const body = takesBody
    ? await readJsonBody(context.req, mediaTypes, route.bodyBytesMax)
    : undefined;
  assertBody(route, body?.json);
  const request: ApiRequest = {
    context,
    store,
    namespace,
    ingest: (bucketId, delivery) => store.ingest(bucketId, delivery, caller),
    params: context["params"] ?? {},
    body: body?.json,
    mediaType: body?.mediaType ?? "",
    fingerprint: () => fingerprintOf(context, body?.mediaType ?? "", body?.bytes),
    requireIfMatch: options.requireIfMatch === true,
    permits: (needed) => permits(token.permission, needed),
    assertPermits: (needed) => assertPermits(token, needed),
    isStillOpen: () => options.gate.isStillOpen(route, context),
    basePath,
    publicUrl,
  };
  const { unhurried } = options;
  if (route.isUnhurried === true) unhurried?.add(context.req.socket);
  try {
    await respond(request);
  } finally {
    unhurried?.delete(context.req.socket);
  }
}

/** Undefined, and so the default, where all are asked for: the route knows what that means. */
function servedNamespace(route: Route, context: HttpContext): string | undefined {
  const name = namespaceOf(context);
  return route.takesAllNamespaces === true && name === allNamespaces ? undefined : name;
}

function assertAcceptable(route: Route, context: HttpContext): void {
  const types = [
    ...(route.responseTypes ?? ["application/json"]),
    ...Object.keys(route.otherResponses ?? {}),
  ];
  if (context.accepts(...types, problemMediaType, "application/json") !== false) return;
  throw new BucketsError(
    "NOT_ACCEPTABLE",
    `This is answered as ${types.join(" or ")}: accept that.`,
  );
}

function fingerprintOf(
  context: HttpContext,
  mediaType: string,
  bytes: Uint8Array | undefined,
): string {
  const head = `${context.method} ${context.url}\n${mediaType}\n`;
  return hash("sha256", Buffer.concat([Buffer.from(head), bytes ?? new Uint8Array()]));
}
