/**
 * The Koa app: one visible list of middleware, then the routes. It knows the service by its
 * interface alone, and nothing of engines.
 */
import { createHash } from "node:crypto";
import { Stream } from "node:stream";
import Router from "@koa/router";
import Koa from "koa";
import type { Logger } from "pino";
import { allNamespaces, type EmbeddedStore } from "../api/index.js";
import { BucketsError, isBucketsError } from "../domain/errors.js";
import type { Health, HealthCheck } from "../domain/health.js";
import { looksLikeNamespaceId } from "../domain/namespace/name.js";
import { patchMediaTypes } from "../domain/patch-media-type.js";
import { permits } from "../domain/permissions.js";
import { randomHexPool } from "../service/keys/random.js";
import { monotonicNow } from "../timers.js";
import {
  actorOf,
  assertOpens,
  assertPermits,
  createGate,
  type Gate,
  namespaceIdentifier,
} from "./access.js";
import { type Admission, createAdmission } from "./admission.js";
import { audited, tellsReads } from "./audited-read.js";
import { parseBasePath } from "./base-path.js";
import { readJsonBody } from "./body.js";
import { addressesBehind } from "./client-address.js";
import { assertMatches, readCondition } from "./conditional.js";
import { crossOrigin, parseOrigin } from "./cors.js";
import { failedLogins } from "./failed-logins.js";
import { frameRequests } from "./frame.js";
import { acceptsAnything, setCache, setHeaders } from "./headers.js";
import type { LargeBodies } from "./large-body.js";
import { createMetrics } from "./metrics.js";
import { ownOrigin } from "./own-origin.js";
import { servePages } from "./page.js";
import { isInternal, problemMediaType, toProblem } from "./problem.js";
import { parsePublicUrl } from "./public-url.js";
import { passOn, type Readers } from "./readers.js";
import { ReadyAnswers, type ReadyParts } from "./ready-answers.js";
import { RequestMemory } from "./request-memory.js";
import {
  type ApiRequest,
  assertBody,
  type HttpContext,
  type RequestState,
  type Route,
} from "./route.js";
import { RouteIndex } from "./route-index.js";
import { auditRoutes } from "./routes/audit.js";
import { backupRoutes } from "./routes/backups.js";
import { type FeedTimes, feedRoute } from "./routes/feed.js";
import { ingestRoute } from "./routes/ingest.js";
import { logRoutes } from "./routes/log.js";
import { namespaceRevertRoute } from "./routes/namespace-revert.js";
import { namespaceRoutes } from "./routes/namespaces.js";
import { proofRoutes } from "./routes/proofs.js";
import { resetRoute } from "./routes/reset.js";
import { resourceRoutes } from "./routes/resources.js";
import { serviceRoutes } from "./routes/service.js";
import { statisticsRoutes } from "./routes/statistics.js";
import { taskRoutes } from "./routes/tasks.js";
import { tokenRoutes } from "./routes/tokens.js";
import { transactionRoute } from "./routes/transactions.js";
import { unservedRoutes } from "./routes/unserved.js";
import { assertHost, parseTarget } from "./target.js";
import { endUnread } from "./unread.js";

export interface AppOptions {
  readonly store: EmbeddedStore;
  readonly logger: Logger;
  /** Makes the ids of requests that bring none; `req_` and 128 random bits unless given. */
  readonly newRequestId?: () => string;
  /** Serve without tokens, as an admin; for loopback only. */
  readonly noAuth?: boolean;
  /** Refuse writes to an existing bucket without If-Match. */
  readonly requireIfMatch?: boolean;
  /** The URL that clients reach the server by, when it is not the origin of the request. */
  readonly publicUrl?: string;
  /** Puts the store back to its seed; the route for it exists only with this. */
  readonly reset?: () => Promise<void>;
  /** The path under which everything is served, as `/api/buckets`; the root unless given. */
  readonly basePath?: string;
  /** The origins whose scripts may use the API, or `*` for all; none unless given. */
  readonly corsOrigins?: readonly string[];
  /** The folder below which backups may be taken by request; none may unless given. */
  readonly backupRoot?: string;
  /** The backups that are taken while it serves, as far as health and metrics tell of them. */
  readonly backups?: ServedBackups;
  /** Whether everybody may read the checkpoints and the tree of the log, without a token. */
  readonly publicCheckpoints?: boolean;
  /**
   * Seconds that caches may keep answers about the past without asking again: as long as that, they
   * show what was erased meanwhile. None unless given: they ask each time, and are told with a 304.
   */
  readonly pastCacheSeconds?: number;
  /** Serve the web page under `/ui/`, and send browsers there; unless it is false. */
  readonly ui?: boolean;
  /**
   * The proxies, as addresses or ranges such as `10.0.0.0/8`, that tell the address of the client in
   * `X-Forwarded-For` or `Forwarded`; none unless given.
   */
  readonly trustedProxies?: readonly string[];
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
  /** Bytes of bodies and answers that may be in memory at once; 512 MiB unless given. */
  readonly memoryBytesMax?: number;
  /** Change feeds that may go on at once; 1,000 unless given. */
  readonly streamsMax?: number;
  /** Who answers what looks at very much; it is answered here unless given. */
  readonly readers?: Readers;
  /** Who looks through bodies beyond 1 MiB; they are looked through here unless given. */
  readonly largeBodies?: LargeBodies;
  /** Who may pass, for an app whose requests were let in by another. */
  readonly gate?: Gate;
  /** Whether reads that are answered are told of while they are audited; not where another one does. */
  readonly auditsReads?: boolean;
  /** How patient the change feed is; for tests. */
  readonly feedTimes?: Partial<FeedTimes>;
}

interface ServedBackups {
  /** When the newest was taken, milliseconds since the epoch; undefined before the first. */
  readonly newest: number | undefined;
  check(): HealthCheck;
}

type Middleware = Koa.Middleware<RequestState>;

export function createApp(options: AppOptions): Koa<RequestState> {
  const app = new Koa<RequestState>();
  const { store, isDraining = () => false } = options;
  const basePath = parseBasePath(options.basePath ?? "");
  const { publicUrl } = options;
  const origins = (options.corsOrigins ?? []).map(parseOrigin);
  const health = () => healthWith(store, options.backups);
  const metrics = createMetrics({ store, health, isDraining, backups: options.backups });
  const routes: Route[] = [
    ...resourceRoutes,
    ingestRoute(metrics.countDelivery),
    transactionRoute(resourceRoutes),
    ...namespaceRoutes,
    ...taskRoutes,
    ...auditRoutes,
    ...statisticsRoutes,
    namespaceRevertRoute,
    ...logRoutes,
    ...backupRoutes(options.backupRoot),
    ...proofRoutes({ isPublic: options.publicCheckpoints === true }),
    feedRoute(options.stopping, options.feedTimes),
    ...tokenRoutes,
    ...unservedRoutes,
    ...(options.reset === undefined ? [] : [resetRoute(options.reset)]),
    ...serviceRoutes({ isDraining, health, metrics, routes: () => routes }),
  ];
  const { clock = monotonicNow } = options;
  const failed = failedLogins(options.logger, clock);
  const gate =
    options.gate ??
    createGate({
      store,
      noAuth: options.noAuth === true,
      rateLimit: options.rateLimit,
      clock,
      onFailed: ({ why, address }) => {
        metrics.countFailedLogin(why);
        // Whoever sends none may have come by chance.
        if (why === "refused") failed.note(address);
      },
    });
  const serving: Serving = {
    ...options,
    ...(publicUrl !== undefined && { publicUrl: parsePublicUrl(publicUrl) }),
    basePath,
    gate,
    admission: createAdmission(options),
  };
  const router = createRouter(routes, serving);

  app.response.set = setHeaders;
  app.on("error", logBroken(options.logger));
  app.use(endUnread);
  const framing = { newRequestId: randomRequestId, ...options, metrics, isDraining };
  app.use(frameRequests({ ...framing, ready: readyAnswers({ ...options, gate, basePath }) }));
  if (origins.length > 0) app.use(crossOrigin(origins));
  app.use(answerErrors(options, { basePath, router }));
  if (options.noAuth === true) app.use(ownOrigin(origins, basePath));
  if (options.ui !== false) app.use(servePages(basePath));
  app.use(serveFound(new RouteIndex(routes, basePath), serving));
  app.use(router.routes());
  app.use(router.allowedMethods());
  return app;
}

/** That of the store, and of what is beside it. */
export async function healthWith(
  store: EmbeddedStore,
  backups: ServedBackups | undefined,
): Promise<Health> {
  const health = await store.health();
  if (backups === undefined) return health;
  return { ...health, checks: [...health.checks, backups.check()] };
}

/** None where more than the token decides what is answered, or headers tell of the caller. */
function readyAnswers(
  parts: ReadyParts & Pick<AppOptions, "noAuth" | "rateLimit" | "corsOrigins">,
): ReadyAnswers | undefined {
  const { noAuth, rateLimit, corsOrigins = [] } = parts;
  const isPlain = noAuth !== true && rateLimit === undefined && corsOrigins.length === 0;
  return isPlain ? new ReadyAnswers(parts) : undefined;
}

const drawHex = randomHexPool();

export function randomRequestId(): string {
  return `req_${drawHex(16)}`;
}

/** Answers that broke off after their status was sent; one that the caller ended is no fault. */
function logBroken(logger: Logger) {
  return (error: Error, context: HttpContext) => {
    const { requestId } = context.state;
    const level = isOfCaller(error, context) ? "debug" : "error";
    logger[level]({ request_id: requestId, err: error }, "answer broke off");
  };
}

function isOfCaller(error: Error, { res }: HttpContext): boolean {
  switch ("code" in error ? error.code : undefined) {
    case "ECONNRESET":
    case "EPIPE":
      return true;
    case "ERR_STREAM_PREMATURE_CLOSE":
      return res.destroyed;
    default:
      return false;
  }
}

/** The one place where an error becomes an answer; what is our fault is logged with its stack. */
function answerErrors(
  { logger, trustedProxies = [] }: Pick<AppOptions, "logger" | "trustedProxies">,
  { basePath, router }: Routing,
): Middleware {
  const addressOf = addressesBehind(trustedProxies);
  return async function answerErrors(context, next) {
    try {
      // Whose request it is: what limits count by, and the audit log keeps.
      context.state.address = addressOf({ peer: context.ip, get: (name) => context.get(name) });
      assertClean(context);
      await next();
      assertAnswered(context, { basePath, router });
    } catch (error) {
      const { requestId } = context.state;
      if (isInternal(error)) logger.error({ request_id: requestId, err: error }, "request failed");
      const wantsProblemJson = prefersProblemJson(context);
      const problem = toProblem(error, { requestId, wantsProblemJson, basePath });
      context.status = problem.status;
      context.set(problem.headers);
      setCache(context, "none");
      if (problem.status === 415) context.set(acceptedTypes(context, error));
      context.body = problem.body;
      context.type = problem.mediaType;
    }
  };
}

/** Where the routes are. */
interface Routing {
  readonly basePath: string;
  readonly router: Router<RequestState>;
}

/** What the router could not answer. */
function assertAnswered(context: HttpContext, routing: Routing): void {
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
      throw noRoute(context, routing);
    case 405:
      throw new BucketsError(
        "METHOD_NOT_ALLOWED",
        `${context.path} does not take ${context.method}: use ${allow}.`,
      );
    case 501:
      throw new BucketsError("NOT_IMPLEMENTED", `The method ${context.method} is not known here.`);
  }
}

/** Names the route that was meant, where the version, the base path or a slash is what is wrong. */
function noRoute({ method, path }: HttpContext, { basePath, router }: Routing): BucketsError {
  const inner = path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path;
  const written = inner.replace(/\/$/, "");
  const meant = [written, `${written}/`, `/v1${written}`]
    .map((candidate) => basePath + candidate)
    .find((candidate) => candidate !== path && router.match(candidate, method).route);
  const hint = meant === undefined ? "" : ` Did you mean ${meant}?`;
  return new BucketsError("NOT_FOUND", `There is no route ${method} ${path}.${hint}`);
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
 * Of what is sent twice Node takes the first, or joins both: what counted would be for a guess, and
 * a proxy before us may have guessed otherwise (RFC 9110 section 5.3).
 */
const singleHeaders: ReadonlySet<string> = new Set([
  "accept-datetime",
  "authorization",
  "content-md5",
  "content-range",
  "content-type",
  "host",
  "if-range",
  "last-event-id",
  "range",
  "x-actor",
  "x-namespace",
  "x-reason",
]);

/** What a method that writes would take a part of some content for: the whole. */
const takesContent: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/**
 * What no route may see: a target or a host that is none, no Host header or anything else not once
 * that can be there once alone, and a part of a body (RFC 9110 section 14.5).
 */
function assertClean(context: HttpContext): void {
  const { path, host } = parseTarget(context.url);
  context.url = path;
  const notOnce = findNotOnce(context.req.rawHeaders);
  if (notOnce !== undefined) {
    // Whoever sends this may mean another request by what comes next than we do.
    context.set("Connection", "close");
    throw new BucketsError("BAD_REQUEST", `Send one ${notOnce} header.`);
  }
  assertHost(context.get("Host"));
  if (host !== undefined) context.req.headers.host = host;
  if (takesContent.has(context.method) && context.get("Content-Range") !== "") {
    throw new BucketsError(
      "BAD_REQUEST",
      "Nothing is written in parts: send the whole, without Content-Range.",
    );
  }
}

/** The name of a header that is there twice and may not be; or that of the host, when it is not there. */
function findNotOnce(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    const key = name.toLowerCase();
    if (!singleHeaders.has(key)) continue;
    if (seen.has(key)) return name;
    seen.add(key);
  }
  return seen.has("host") ? undefined : "Host";
}

/** What serving a request takes beside the request. */
interface Serving extends AppOptions {
  readonly basePath: string;
  readonly gate: Gate;
  readonly admission: Admission;
}

/** Serves at once what the index finds; all else is for the router, which knows what is no route. */
function serveFound(index: RouteIndex, options: Serving): Middleware {
  return async function serveFound(context, next) {
    const found = index.find(context.method, context.path);
    if (found === undefined) return await next();
    context["params"] = found.params;
    context.state.route = found.route.path;
    await serve(found.route, context, options);
  };
}

function createRouter(routes: readonly Route[], options: Serving): Router<RequestState> {
  const router = new Router<RequestState>({ sensitive: true, strict: true });
  for (const route of routes) {
    const path = options.basePath + patternOf(route);
    router.register(path, [route.method], async (context) => {
      context.state.route = route.path;
      await serve(route, context, options);
    });
  }
  return router;
}

/** Its path as the router writes one. */
function patternOf({ path, takesRest }: Route): string {
  const whole = takesRest === true ? path.replace(/\{(\w+)\}$/, "*$1") : path;
  return whole.replaceAll(/\{(\w+)\}/g, ":$1");
}

/** What a program says of itself, without what a header may hold and an event may not. */
function printable(header: string): string {
  return header.replaceAll(/\p{Cc}/gu, "\uFFFD");
}

/** Checks in the order of the contract: token, permission, query, media type and body; then serves. */
async function serve(route: Route, context: HttpContext, options: Serving): Promise<void> {
  const { store, basePath } = options;
  const token = options.gate.admit(route, context);
  const identifier = namespaceIdentifier(route, context);
  const named = identifier === undefined ? undefined : await namespaceNamed(identifier, store);
  if (route.permission !== undefined) assertOpens(token, route, named);
  const actor = actorOf(context, token);
  context.state.actor = actor;
  const userAgent = printable(context.get("User-Agent")) || undefined;
  const about = route.isStoreWide === true ? undefined : servedNamespace(route, named);
  const asking = { actor, namespace: about, userAgent };
  const mediaTypes = Object.keys(route.body ?? {});
  const takesBody = mediaTypes.length > 0;
  const memory = new RequestMemory(options.admission.memory, context);
  await memory.takeForBody(route);
  const scans = route.scans === true || (route.scans === "past" && "as_of" in context.query);
  if (scans) await memory.takeForPage();
  if (options.readers !== undefined && scans) {
    const sent = takesBody ? await readJsonBody(context, mediaTypes, asBytes(route)) : undefined;
    const { readers } = options;
    if (tellsReads(route)) await store.reads.settle();
    return await audited(options, route, context, asking, async () => {
      await passOn(readers, context, { token, body: sent?.bytes });
      await memory.settle();
    });
  }
  const { requestId, traceId } = context.state;
  const origin = options.publicUrl ?? `${context.protocol}://${context.host}`;
  const publicUrl = `${origin}${basePath}`;
  const caller = {
    actor,
    token: token.name,
    requestId,
    publicUrl,
    ...(traceId !== undefined && { traceId }),
    ...(userAgent !== undefined && { userAgent }),
    ...(context.state.address !== "" && { remoteAddress: context.state.address }),
    ...(token.namespaces !== null && { opens: token.namespaces }),
  };
  const namespace = store.namespace(servedNamespace(route, named), caller);
  assertAcceptable(route, context);
  const respond = route.prepare(context.query);
  const body = takesBody
    ? await readJsonBody(context, mediaTypes, route, options.largeBodies)
    : undefined;
  assertBody(route, body?.json);
  const request: ApiRequest = {
    context,
    store,
    admission: options.admission,
    namespace,
    organization: named === undefined ? store.organization(caller) : namespace,
    ingest: (bucketId, delivery) => store.ingest(bucketId, delivery, caller),
    params: context["params"] ?? {},
    body: body?.json,
    contents: body?.contents,
    mediaType: body?.mediaType ?? "",
    fingerprint: () => fingerprintOf(context, body?.mediaType ?? "", body?.bytes),
    requireIfMatch: options.requireIfMatch === true,
    tokenName: token.name,
    auditSettings: () => store.organization(caller).auditSettings,
    namespaces: () => store.namespaces.as(caller),
    tokens: () => store.tokens.as(caller),
    openedNamespaces: token.namespaces ?? undefined,
    assertOpens: (name) => assertOpens(token, route, name),
    permits: (needed) => permits(token.permission, needed),
    assertPermits: (needed) => assertPermits(token, needed),
    isStillOpen: () => options.gate.opener(route, context, named) !== undefined,
    basePath,
    publicUrl,
  };
  const { unhurried } = options;
  if (route.isUnhurried === true) unhurried?.add(context.req.socket);
  try {
    await audited(options, route, context, asking, async () => {
      await respond(request);
      // Here, where what cannot be written is still answered as any other error.
      if (isPlain(context.body)) context.body = JSON.stringify(context.body);
      await memory.settle();
      if (route.method === "GET" && !context.res.hasHeader("ETag")) {
        assertMatches(readCondition(context), undefined);
      }
    });
  } catch (error) {
    if (route.isSigned === true && isForWantOfSignature(error)) options.gate.countFailed(context);
    throw error;
  } finally {
    unhurried?.delete(context.req.socket);
  }
}

/** What Koa would write as JSON once nobody can answer for it any more. */
function isPlain(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return false;
  return !(body instanceof Stream || body instanceof Uint8Array || body instanceof Blob);
}

/** Another one reads what is in it. */
function asBytes({ bodyBytesMax }: Route): Pick<Route, "bodyBytesMax" | "parseBody"> {
  return { ...(bodyBytesMax !== undefined && { bodyBytesMax }), parseBody: () => null };
}

/** What a stranger who tries is answered, whether or not what is tried is there. */
function isForWantOfSignature(error: unknown): boolean {
  return isBucketsError(error) && ["UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND"].includes(error.code);
}

/** Only what looks like an id is looked up; a name names itself, whatever it is. */
function namespaceNamed(identifier: string, store: EmbeddedStore): string | Promise<string> {
  return looksLikeNamespaceId(identifier) ? store.namespaces.nameOf(identifier) : identifier;
}

/** Undefined, and so the default, where all are asked for: the route knows what that means. */
function servedNamespace(route: Route, name: string | undefined): string | undefined {
  return route.takesAllNamespaces === true && name === allNamespaces ? undefined : name;
}

function assertAcceptable(route: Route, context: HttpContext): void {
  if (acceptsAnything(context)) return;
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
  const digest = createHash("sha256");
  digest.update(`${context.method} ${context.url}\n${mediaType}\n`);
  return digest.update(bytes ?? new Uint8Array()).digest("hex");
}
