/** The URLs in the configuration of a bucket, which others will fetch (HTTP: SSRF). */

import { checkFetchUrl, type FetchPolicy } from "../../domain/ingest/ssrf.js";
import { isJsonArray, isJsonObject, type JsonValue, ownValue } from "../../domain/json.js";
import type { PatchMediaType } from "../../domain/patch-media-type.js";
import { isWithin, type Pointer, parsePointer, valueAt } from "../../domain/pointer.js";

const apiBaseUrl: Pointer = ["source_adapter", "connection", "api_base_url"];

/** @throws VALIDATION_FAILED at the place of a URL that a request sets and nobody may fetch. */
export function checkConfiguredUrls(
  mediaType: PatchMediaType,
  body: JsonValue,
  policy: FetchPolicy,
): void {
  if (mediaType !== "application/json-patch+json") {
    checkUrl(valueAt(body, apiBaseUrl), policy);
    return;
  }
  for (const operation of isJsonArray(body) ? body.filter(isJsonObject) : []) {
    const path = ownValue(operation, "path");
    const pointer = typeof path === "string" ? parsePointer(path) : undefined;
    const value = ownValue(operation, "value");
    if (pointer === undefined || value === undefined || !isWithin(apiBaseUrl, pointer)) continue;
    checkUrl(valueAt(value, apiBaseUrl.slice(pointer.length)), policy);
  }
}

function checkUrl(url: JsonValue | undefined, policy: FetchPolicy): void {
  if (typeof url === "string") checkFetchUrl(url, ["body", ...apiBaseUrl], policy);
}
