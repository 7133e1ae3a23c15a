/**
 * Link headers (RFC 8288): the next page, and how the versions of a bucket hang together, for
 * clients that know RFC 5829 and Memento (RFC 7089).
 */

import type { EmbeddedStore } from "../api/index.js";
import { BucketsError } from "../domain/errors.js";
import type { HttpContext } from "./route.js";

/** The address with a query; parameters that are undefined are left out. */
export function withQuery(
  url: string,
  query: Readonly<Record<string, string | number | undefined>>,
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return `${url}?${parameters}`;
}

export function addLink(context: HttpContext, url: string, relations: string): void {
  context.append("Link", `<${url}>; rel="${relations}"`);
}

/**
 * Links a version to those around it. An answer that a cache keeps for good may come to lack its
 * successor; the history never does.
 *
 * @param bucketUrl of the bucket, by its id.
 */
export function addVersionLinks(
  context: HttpContext,
  bucketUrl: string,
  version: number,
  latestVersion = version,
): void {
  const at = (asOf: number) => `${bucketUrl}?as_of=${asOf}`;
  addLink(context, bucketUrl, "latest-version");
  addLink(context, `${bucketUrl}/history`, "version-history");
  if (version > 1) addLink(context, at(version - 1), "predecessor-version");
  if (version < latestVersion) addLink(context, at(version + 1), "successor-version");
}

/**
 * The point in the past that `Accept-Datetime` asks for, if it is there. HTTP knows whole seconds:
 * a second stands for all that was recorded up to its end. One that is not over, or beyond the newest
 * event of the log, asks for the present, which that event left; so does `now`.
 *
 * @throws BAD_REQUEST for what is no HTTP date.
 */
export async function negotiatePoint(
  context: HttpContext,
  store: EmbeddedStore,
): Promise<string | undefined> {
  const header = context.get("Accept-Datetime");
  if (header === "") return undefined;
  const { recorded_at } = await store.head();
  if (header === "now") return recorded_at;
  const second = Date.parse(header);
  if (Number.isNaN(second) || new Date(second).toUTCString() !== header) {
    throw new BucketsError(
      "BAD_REQUEST",
      "Accept-Datetime is no HTTP date: send one as Thu, 01 Oct 2026 12:00:00 GMT.",
    );
  }
  const present = Date.parse(recorded_at) - store.clockSkewMs();
  return second + 999 >= present ? recorded_at : new Date(second + 999).toISOString();
}
