/**
 * What a request is about: its target and its host, parsed once, before anything else looks at them.
 * Koa parses them on each look, and throws at what is no URL.
 */
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";

/** A name, an IPv4 address or one of IPv6 in brackets, and a port (RFC 3986 section 3.2). */
const hostPattern = /^([a-z0-9._~-]+|\[[0-9a-f:.]+\])(:\d{0,5})?$/i;

/** A path and query in which nothing is encoded, and nothing has to be looked at. */
const plainPattern = /^\/[\w./~?&=-]*$/;

/** The scheme and authority of an absolute target, which proxies may send (RFC 9112 section 3.2.2). */
const absolutePattern = /^https?:\/\/([^/?#]*)/i;

/** Where a request is sent to. */
interface Target {
  /** The path with its query, whatever the form of the target. */
  readonly path: string;
  /** That of an absolute target, which is meant whatever the Host header says; undefined for others. */
  readonly host?: string;
}

/**
 * @throws URI_TOO_LONG; BAD_REQUEST for a target of another form, an authority that is no host, and
 * a path that is not percent-encoded UTF-8 or hides control characters.
 */
export function parseTarget(target: string): Target {
  if (plainPattern.test(target) && target.length <= limits.urlBytesMax) return { path: target };
  if (Buffer.byteLength(target) > limits.urlBytesMax) {
    throw new BucketsError("URI_TOO_LONG", `A URL has at most ${limits.urlBytesMax} bytes.`);
  }
  const [start = "", authority] = absolutePattern.exec(target) ?? [];
  if (authority !== undefined) assertHost(authority);
  const written = target.slice(start.length).replace(/#.*$/s, "");
  const local = authority !== undefined && !written.startsWith("/") ? `/${written}` : written;
  // The server as a whole, for OPTIONS (RFC 9110 section 7.1).
  if (local !== "*" && !local.startsWith("/")) {
    throw new BucketsError("BAD_REQUEST", "Send the path of a resource, as in GET /v1/buckets.");
  }
  if (/\p{Cc}/u.test(decodePath(local.replace(/\?.*$/s, "")))) {
    throw new BucketsError("BAD_REQUEST", "The path contains control characters.");
  }
  return authority === undefined ? { path: local } : { path: local, host: authority };
}

/** One that is known to be one: most requests are for the same. */
let lastHost: string | undefined;

/** @throws BAD_REQUEST for what is not a host with or without a port. */
export function assertHost(host: string): void {
  if (host === lastHost) return;
  if (hostPattern.test(host) && URL.canParse(`http://${host}/`)) {
    lastHost = host;
    return;
  }
  throw new BucketsError(
    "BAD_REQUEST",
    "Send a Host header with a name or an address, and a port.",
  );
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new BucketsError("BAD_REQUEST", "The path is not percent-encoded UTF-8.");
  }
}
