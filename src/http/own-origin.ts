/**
 * Who may use a server without tokens: programs of this machine, and its own pages. Any web page can
 * make a browser send requests to loopback, some without asking (Fetch standard, CORS-safelisted
 * requests), and a name that is rebound to loopback makes a stranger's page one of the same origin.
 */
import type { Middleware } from "koa";
import { BucketsError } from "../domain/errors.js";
import { isLoopback } from "../domain/ingest/ssrf.js";
import type { HttpContext, RequestState } from "./route.js";

/** Pages that a link on another page may lead to. */
const pages = /^\/(ui(\/.*)?|docs(\/.*)?)?$/;

/**
 * @param origins whose scripts may use the server, or `*` for all.
 * @throws FORBIDDEN for another host than loopback, and for what the page of another origin sends.
 */
export function ownOrigin(origins: readonly string[], basePath: string): Middleware<RequestState> {
  return async function ownOrigin(context, next) {
    const { hostname } = new URL(`http://${context.get("Host")}/`);
    if (!isLoopback(hostname.replace(/^\[|\]$/g, ""))) {
      throw new BucketsError(
        "FORBIDDEN",
        `Without tokens only this machine is served, and "${hostname}" may be another: use ` +
          "localhost or 127.0.0.1, or start the server with tokens.",
      );
    }
    if (isForeign(context, origins) && !isNavigation(context, basePath)) {
      throw new BucketsError(
        "FORBIDDEN",
        "Without tokens the pages of other origins are not served: start the server with tokens, " +
          "or name the origin in --cors-origin.",
      );
    }
    await next();
  };
}

function isForeign(context: HttpContext, origins: readonly string[]): boolean {
  const origin = context.get("Origin");
  if (origin === "") return context.get("Sec-Fetch-Site") === "cross-site";
  const own = `${context.protocol}://${context.get("Host").toLowerCase()}`;
  return origin !== own && !origins.includes("*") && !origins.includes(origin);
}

function isNavigation(context: HttpContext, basePath: string): boolean {
  const isRead = context.method === "GET" && context.get("Sec-Fetch-Mode") === "navigate";
  return (
    isRead && context.path.startsWith(basePath) && pages.test(context.path.slice(basePath.length))
  );
}
