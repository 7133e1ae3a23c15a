/**
 * The Koa app: one visible list of middleware, then the routes. It knows the service by its
 * interface alone, and nothing of engines.
 */
import { hash, randomBytes } from "node:crypto";
import Router from "@koa/router";
import Koa from "koa";
import type { Logger } from "pino";
import { patchMediaTypes } from "../domain/bucket/patch.js";
import { BucketsError, isBucketsError } from "../domain/errors.js";
import { type Permission, permits } from "../domain/permissions.js";
import { allNamespaces, type BucketStore, type Token } from "../service/interface.js";
import { readJsonBody } from "./body.js";
import { readTextHeader } from "./preferences.js";
import { isInternal, problemMediaType, toProblem } from "./problem.js";
import type { ApiRequest, HttpContext, RequestState, Route } from "./route.js";
import { bucketRoutes } from "./routes/buckets.js";
import { type FeedTimes, feedRoute } from "./routes/feed.js";
import { logRoutes } from "./routes/log.js";
import { resetRoute } from "./routes/reset.js";
import { serviceRoutes } from "./routes/service.js";
import { taskRoutes } from "./routes/tasks.js";
import { tokenRoutes } from "./routes/tokens.js";

export interface AppOptions {
  readonly store: BucketStore;
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
  /** True once the server has been told to stop. */
  readonly isDraining?: () => boolean;
  /** Aborted once the server has been told to stop: what would go on for ever ends. */
  readonly stopping?: AbortSignal;
  /** How patient the change feed is; for tests. */
  readonly feedTimes?: Partial<FeedTimes>;
}

type Middleware = Koa.Middleware<RequestState>;

export function createApp(options: AppOptions): Koa<RequestState> {
  const app = new Koa<RequestState>();
  const routes: Route[] = [
    ...bucketRoutes,
    ...taskRoutes,
    ...logRoutes,
    feedRoute(options.stopping, options.feedTimes),
    ...tokenRoutes,
    ...(options.reset === undefined ? [] : [resetRoute(options.reset)]),
    ...serviceRoutes(options.isDraining ?? (() => false), () => routes),
  ];
  const router = createRouter(routes, options);

  app.on("error", logBroken(options.logger));
  app.use(requestId(options.newRequestId ?? randomRequestId));
  app.use(logRequests(options.logger));
  app.use(securityHeaders);
  app.use(answerErrors(options.logger));
  app.use(hygiene);
  app.use(router.routes());
  app.use(router.allowedMethods());
  return app;
}

export function randomRequestId(): string {
  return `req_${randomBytes(16).toString("hex")}`;
}

/** Echoes the caller's id if it is sane, so that it cannot forge log lines; else makes one. */
function requestId(newRequestId: () => string): Middleware {
  return async function requestId(context, next) {
    const sent = context.get("X-Request-Id");
    context.state.requestId = /^[\w.:/+=@-]{1,128}$/.test(sent) ? sent : newRequestId();
    context.state.route = "unmatched";
    context.set("X-Request-Id", context.state.requestId);
    await next();
  };
}

/** One line for each request. Never a header, a query or a body: those may hold secrets. */
function logRequests(logger: Logger): Middleware {
  return async function logRequests(context, next) {
    const started = process.hrtime.bigint();
    await next();
    logger.info({
      request_id: context.state.requestId,
      method: context.method,
      route: context.state.route,
      status: context.status,
      duration_ms: Number(process.hrtime.bigint() - started) / 1e6,
      actor: context.state.actor,
    });
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

const securityHeaders: Middleware = async function securityHeaders(context, next) {
  context.set("X-Content-Type-Options", "nosniff");
  context.vary("Accept, Authorization, X-Namespace");
  await next();
};

/** The one place where an error becomes an answer; what is our fault is logged with its stack. */
function answerErrors(logger: Logger): Middleware {
  return async function answerErrors(context, next) {
    try {
      await next();
      assertAnswered(context);
    } catch (error) {
      const { requestId } = context.state;
      if (isInternal(error)) logger.error({ request_id: requestId, err: error }, "request failed");
      const problem = toProblem(error, requestId, wantsProblemJson(context));
      context.status = problem.status;
      context.set(problem.headers);
      context.set("Cache-Control", "no-store");
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
  const allow = context.response.get("Allow");
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

function wantsProblemJson(context: HttpContext): boolean {
  return context.get("Accept").toLowerCase().includes(problemMediaType);
}

/** What no route may see: a path that is not UTF-8, and no or two Host headers, which Node lets in. */
const hygiene: Middleware = async function hygiene(context, next) {
  const hosts = context.req.rawHeaders.filter(
    (name, index) => index % 2 === 0 && name.toLowerCase() === "host",
  );
  if (hosts.length !== 1) throw new BucketsError("BAD_REQUEST", "Send one Host header.");
  try {
    decodeURIComponent(context.path);
  } catch {
    throw new BucketsError("BAD_REQUEST", "The path is not percent-encoded UTF-8.");
  }
  await next();
};

function createRouter(routes: readonly Route[], options: AppOptions): Router<RequestState> {
  const router = new Router<RequestState>({ sensitive: true, strict: true });
  for (const route of routes) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ":$1");
    router.register(path, [route.method], async (context) => {
      context.state.route = route.path;
      await serve(route, context, options);
    });
  }
  return router;
}

/** Checks in the order of the contract: token, permission, query, media type and body; then serves. */
async function serve(route: Route, context: HttpContext, options: AppOptions): Promise<void> {
  const { store, publicUrl } = options;
  const token = authorize(route, context, options);
  const actor = actorOf(context, token);
  context.state.actor = actor;
  const namespace = store.namespace(servedNamespace(route, context), {
    actor,
    token: token.name,
    requestId: context.state.requestId,
    publicUrl: publicUrl ?? `${context.protocol}://${context.host}`,
    ...(context.get("User-Agent") !== "" && { userAgent: context.get("User-Agent") }),
    ...(context.ip !== "" && { remoteAddress: context.ip }),
  });
  assertAcceptable(route, context);
  const respond = route.prepare(context.query);
  const mediaTypes = Object.keys(route.body ?? {});
  const takesBody = mediaTypes.length > 0;
  const body = takesBody ? await readJsonBody(context.req, mediaTypes) : undefined;
  if (route.needsBody === true && body?.json === undefined) {
    throw new BucketsError("BAD_REQUEST", "The body is empty: send a JSON document.");
  }
  const request: ApiRequest = {
    context,
    store,
    namespace,
    params: context["params"] ?? {},
    body: body?.json,
    mediaType: body?.mediaType ?? "",
    fingerprint: fingerprintOf(context, body?.mediaType ?? "", body?.bytes),
    requireIfMatch: options.requireIfMatch === true,
    isStillOpen: () => isOpen(route, context, options),
    basePath: "",
  };
  await respond(request);
}

const everybody: Token = { name: "anonymous", permission: "admin", namespaces: null };

function authorize(route: Route, context: HttpContext, options: AppOptions): Token {
  if (route.permission === undefined) return { ...everybody, permission: "read" };
  const token = options.noAuth === true ? everybody : authenticate(context, options.store);
  assertPermits(token, route.permission);
  assertOpens(token, route, namespaceOf(context));
  return token;
}

/** Asks again: the token may have expired or been revoked since the answer began. */
function isOpen(route: Route, context: HttpContext, options: AppOptions): boolean {
  try {
    authorize(route, context, options);
    return true;
  } catch (error) {
    if (isBucketsError(error)) return false;
    throw error;
  }
}

function authenticate(context: HttpContext, store: BucketStore): Token {
  const match = /^Bearer +([\x21-\x7e]+) *$/i.exec(context.get("Authorization"));
  const token = match?.[1] === undefined ? undefined : store.tokens.authenticate(match[1]);
  if (token !== undefined) return token;
  throw new BucketsError(
    "UNAUTHORIZED",
    match === null
      ? "Send a token: Authorization: Bearer <token>."
      : "The token is unknown or has expired.",
  );
}

function assertPermits(token: Token, needed: Permission): void {
  if (permits(token.permission, needed)) return;
  throw new BucketsError(
    "FORBIDDEN",
    `This needs a token with the permission "${needed}"; yours has "${token.permission}".`,
    { needed, held: token.permission },
  );
}

function namespaceOf(context: HttpContext): string {
  return context.get("X-Namespace") || "default";
}

/** Undefined, and so the default, where all are asked for: the route knows what that means. */
function servedNamespace(route: Route, context: HttpContext): string | undefined {
  const name = namespaceOf(context);
  return route.takesAllNamespaces === true && name === allNamespaces ? undefined : name;
}

function assertOpens({ namespaces }: Token, route: Route, namespace: string): void {
  if (namespaces === null) return;
  if (route.isStoreWide !== true && namespaces.includes(namespace)) return;
  const what = route.isStoreWide === true ? "the whole store" : `the namespace "${namespace}"`;
  throw new BucketsError("FORBIDDEN", `Your token does not open ${what}.`, { namespaces });
}

/** The token's name; an admin token may speak for somebody else. */
function actorOf(context: HttpContext, token: Token): string {
  const other = readTextHeader("X-Actor", context.get("X-Actor") || undefined);
  if (other === undefined) return token.name;
  if (!permits(token.permission, "admin")) {
    throw new BucketsError("FORBIDDEN", 'X-Actor needs a token with the permission "admin".');
  }
  if (other.length <= 255 && !/\p{Cc}/u.test(other)) return other;
  throw new BucketsError(
    "BAD_REQUEST",
    "X-Actor has at most 255 characters, none a control character.",
  );
}

function assertAcceptable(route: Route, context: HttpContext): void {
  const types = [
    route.responseType ?? "application/json",
    ...Object.keys(route.otherResponses ?? {}),
  ];
  if (context.accepts([...types, problemMediaType, "application/json"]) !== false) return;
  const message = `This is answered as ${types.join(" or ")}: accept that.`;
  throw new BucketsError("NOT_ACCEPTABLE", message);
}

function fingerprintOf(
  context: HttpContext,
  mediaType: string,
  bytes: Uint8Array | undefined,
): string {
  const head = `${context.method} ${context.url}\n${mediaType}\n`;
  return hash("sha256", Buffer.concat([Buffer.from(head), bytes ?? new Uint8Array()]));
}
