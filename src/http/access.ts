/** Who may pass: the token, its quota, its permission and its namespaces, in the order of the contract. */
import { BucketsError } from "../domain/errors.js";
import { type Permission, permits } from "../domain/permissions.js";
import type { Token, TokenGate } from "../service/interface.js";
import { readTextHeader } from "./preferences.js";
import { type Quota, RateLimiter } from "./rate-limit.js";
import type { HttpContext, Route } from "./route.js";

export interface GateOptions {
  readonly tokens: TokenGate;
  readonly noAuth: boolean;
  /** Requests per minute of one token; no limit unless given. */
  readonly rateLimit: number | undefined;
  /** Milliseconds that never run backwards. */
  readonly clock: () => number;
}

export interface Gate {
  /**
   * The token that a request of the route comes with.
   * @throws UNAUTHORIZED, FORBIDDEN, TOO_MANY_REQUESTS
   */
  admit(route: Route, context: HttpContext): Token;
  /** Whether that token still opens the route: it may have expired or been revoked since. */
  isStillOpen(route: Route, context: HttpContext): boolean;
}

const everybody: Token = { name: "anonymous", permission: "admin", namespaces: null };

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
  const admit: Gate["admit"] = (route, context) => {
    if (route.permission === undefined) return { ...everybody, permission: "read" };
    const token = options.noAuth ? everybody : findToken(context, options.tokens);
    if (token === undefined) {
      // Failures are counted by address. A good token passes all the same: behind a proxy everybody
      // has one address, and a stranger must not be able to shut the others out.
      spend(limiters?.strangers, context, context.ip);
      throw unauthorized(context);
    }
    spend(limiters?.known, context, token.name);
    assertPermits(token, route.permission);
    assertOpens(token, route, namespaceOf(context));
    return token;
  };
  const isStillOpen: Gate["isStillOpen"] = (route, context) => {
    const token = options.noAuth ? everybody : findToken(context, options.tokens);
    const needed = route.permission;
    return (
      needed === undefined ||
      (token !== undefined &&
        permits(token.permission, needed) &&
        opens(token, route, namespaceOf(context)))
    );
  };
  return { admit, isStillOpen };
}

function spend(limiter: RateLimiter | undefined, context: HttpContext, key: string): void {
  if (limiter === undefined) return;
  const quota: Quota = limiter.count(key);
  context.set(limiter.headers(quota));
  if (quota.isExceeded) throw limiter.refusal(quota);
}

const bearer = /^Bearer +([\x21-\x7e]+) *$/i;

function findToken(context: HttpContext, tokens: TokenGate): Token | undefined {
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

export function namespaceOf(context: HttpContext): string {
  return context.get("X-Namespace") || "default";
}

function opens({ namespaces }: Token, route: Route, namespace: string): boolean {
  return namespaces === null || (route.isStoreWide !== true && namespaces.includes(namespace));
}

function assertOpens(token: Token, route: Route, namespace: string): void {
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
  if (other.length <= 255 && !/\p{Cc}/u.test(other)) return other;
  throw new BucketsError(
    "BAD_REQUEST",
    "X-Actor has at most 255 characters, none a control character.",
  );
}
