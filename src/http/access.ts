/** Who may pass: the token, its quota, its permission and its namespaces, in the order of the contract. */

import { Misfit } from "../api/fields.js";
import type { EmbeddedStore, Token } from "../api/index.js";
import { actorName } from "../api/options.js";
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { type Permission, permits } from "../domain/permissions.js";
import { readTextHeader } from "./preferences.js";
import { type Quota, RateLimiter } from "./rate-limit.js";
import type { HttpContext, Route } from "./route.js";

export interface GateOptions {
  /** Asked for its tokens each time: after a reset they are those of another store. */
  readonly store: Pick<EmbeddedStore, "tokens">;
  readonly noAuth: boolean;
  /** Requests per minute of one token; no limit unless given. */
  readonly rateLimit: number | undefined;
  /** Milliseconds that never run backwards. */
  readonly clock: () => number;
  /** Told of each request that came without a token that opens anything. */
  readonly onFailed: (failed: FailedLogin) => void;
}

export interface FailedLogin {
  /** Whether a token was sent at all. */
  readonly why: "missing" | "refused";
  readonly address: string;
}

export interface Gate {
  /**
   * The token that a request of the route comes with. Which namespaces it opens is for
   * `assertOpens`.
   * @throws UNAUTHORIZED, FORBIDDEN, TOO_MANY_REQUESTS
   */
  admit(route: Route, context: HttpContext): Token;
  /**
   * Counts a request that failed for want of a signature.
   * @throws TOO_MANY_REQUESTS, in the place of the failure; one that is signed is never counted.
   */
  countFailed(context: HttpContext): void;
  /**
   * The token of a request, if it opens the route now: it may have expired or been revoked since it was
   * admitted. Nothing is counted.
   */
  opener(route: Route, context: HttpContext, namespace: string | undefined): Token | undefined;
}

const everybody: Token = { name: "anonymous", permission: "admin", namespaces: null };
/** What a route asks no token for. */
const reader: Token = { ...everybody, permission: "read" };

export function createGate(options: GateOptions): Gate {
  const { rateLimit, clock } = options;
  const limiters =
    rateLimit === undefined
      ? undefined
      : {
          // Apart, so that strangers cannot push the windows of known callers out of memory.
          known: new RateLimiter(rateLimit, clock),
          strangers: new RateLimiter(rateLimit, clock),
        };
  const failed = new RateLimiter(rateLimit ?? limits.failedSignaturesMax, clock);
  const admit: Gate["admit"] = (route, context) => {
    if (route.permission === undefined) return reader;
    const token = options.noAuth ? everybody : findToken(context, options.store);
    if (token === undefined) {
      const why = bearer.test(context.get("Authorization")) ? "refused" : "missing";
      options.onFailed({ why, address: context.state.address });
      // Failures are counted by address. A good token passes all the same: behind a proxy everybody
      // has one address, and a stranger must not be able to shut the others out.
      spend(limiters?.strangers, context, context.state.address);
      throw unauthorized(context);
    }
    spend(limiters?.known, context, token.name);
    assertPermits(token, route.permission);
    return token;
  };
  const opener: Gate["opener"] = (route, context, namespace) => {
    if (route.permission === undefined) return reader;
    const token = options.noAuth ? everybody : findToken(context, options.store);
    if (token === undefined || !permits(token.permission, route.permission)) return undefined;
    return opens(token, route, namespace) ? token : undefined;
  };
  return {
    admit,
    countFailed: (context) => spend(failed, context, context.state.address),
    opener,
  };
}

function spend(limiter: RateLimiter | undefined, context: HttpContext, key: string): void {
  if (limiter === undefined) return;
  const quota: Quota = limiter.count(key);
  context.set(limiter.headers(quota));
  if (quota.isExceeded) throw limiter.refusal(quota);
}

const bearer = /^Bearer +([\x21-\x7e]+) *$/i;

function findToken(context: HttpContext, { tokens }: GateOptions["store"]): Token | undefined {
  const secret = bearer.exec(context.get("Authorization"))?.[1];
  return secret === undefined ? undefined : tokens.authenticate(secret);
}

function unauthorized(context: HttpContext): BucketsError {
  return new BucketsError(
    "UNAUTHORIZED",
    bearer.test(context.get("Authorization"))
      ? "The token is unknown or has expired."
      : "Send a token: Authorization: Bearer <token>.",
  );
}

/** @throws FORBIDDEN */
export function assertPermits(token: Token, needed: Permission): void {
  if (permits(token.permission, needed)) return;
  throw new BucketsError(
    "FORBIDDEN",
    `This needs a token with the permission "${needed}"; yours has "${token.permission}".`,
    { needed, held: token.permission },
  );
}

/**
 * What names the namespace that a request is about, an id or a name; undefined where it is about none
 * in particular.
 */
export function namespaceIdentifier(route: Route, context: HttpContext): string | undefined {
  const named = context.get("X-Namespace") || undefined;
  if (route.isOfOrganization === true) return named;
  if (route.namesNamespace !== true) return named ?? "default";
  return context["params"]?.["namespace_identifier"];
}

function opens({ namespaces }: Token, route: Route, namespace: string | undefined): boolean {
  if (namespaces === null) return true;
  return route.isStoreWide !== true && (namespace === undefined || namespaces.includes(namespace));
}

/**
 * @param namespace its name; undefined for none in particular.
 * @throws FORBIDDEN
 */
export function assertOpens(token: Token, route: Route, namespace: string | undefined): void {
  if (opens(token, route, namespace)) return;
  const what = route.isStoreWide === true ? "the whole store" : `the namespace "${namespace}"`;
  throw new BucketsError("FORBIDDEN", `Your token does not open ${what}.`, {
    namespaces: token.namespaces,
  });
}

/** The token's name; an admin token may speak for somebody else. */
export function actorOf(context: HttpContext, token: Token): string {
  const other = readTextHeader("X-Actor", context.get("X-Actor") || undefined);
  if (other === undefined) return token.name;
  if (!permits(token.permission, "admin")) {
    throw new BucketsError("FORBIDDEN", 'X-Actor needs a token with the permission "admin".');
  }
  const actor = actorName(other);
  if (!(actor instanceof Misfit)) return actor;
  throw new BucketsError("BAD_REQUEST", `X-Actor: ${actor.problem}`);
}
