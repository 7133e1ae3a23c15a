/** JSON Merge Patch, RFC 7396 section 2, word for word; every key is plain data. */
import { isJsonObject, type JsonObject, type JsonValue, ownValue } from "./json.js";

/** The target after the patch. Neither argument is changed. */
export function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const base: JsonObject = isJsonObject(target) ? target : {};
  const kept = Object.entries(base).filter(([key]) => ownValue(patch, key) !== null);
  const set = Object.entries(patch)
    .filter(([, value]) => value !== null)
    .map(([key, value]): [string, JsonValue] => [key, mergePatch(ownValue(base, key), value)]);
  return { ...Object.fromEntries(kept), ...Object.fromEntries(set) };
}
