/** Where clients reach the server, when it is not where they seem to: behind a proxy, for one. */
import { BucketsError } from "../domain/errors.js";
import { parseBasePath } from "./base-path.js";

/**
 * The origin, and the path that a proxy takes off, without a slash at the end.
 * @throws BAD_REQUEST for anything but an http or https URL with no more than these two.
 */
export function parsePublicUrl(text: string): string {
  const url = URL.parse(text);
  const isPlain =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}` === "" &&
    !/[?#\s]/.test(text);
  if (isPlain) return url.origin + parseBasePath(url.pathname);
  throw new BucketsError(
    "BAD_REQUEST",
    `"${text}" is no public URL: send one as https://buckets.example.com, without user, query and fragment.`,
  );
}
