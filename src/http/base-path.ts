/** The path under which the server is mounted, when it shares its origin with others. */
import { BucketsError } from "../domain/errors.js";

const pattern = /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/;

/**
 * The base path without a slash at the end; empty for the root.
 * @throws BAD_REQUEST for what a client or proxy could write in more than one way.
 */
export function parseBasePath(text: string): string {
  const path = text.replace(/\/$/, "");
  if (path === "" || pattern.test(path)) return path;
  throw new BucketsError(
    "BAD_REQUEST",
    `"${text}" is no base path: send one as /api/buckets, of letters, digits and . _ ~ -.`,
  );
}
