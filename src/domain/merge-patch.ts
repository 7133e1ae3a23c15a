/** JSON Merge Patch, RFC 7396 section 2, word for word; every key is plain data. */
import { isJsonObject, type JsonObject, type JsonValue, ownValue } from "./json.js";

/** The target after the patch. Neither argument is changed. */
export function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const base: JsonObject = isJsonObject(target) ? target : {};
  const members = Object.entries(base).filter(([key]) => ownValue(patch, key) !== null);
  for (const [key, value] of Object.entries(patch)) {
    if (value !== null) members.push([key, mergePatch(ownValue(base, key), value)]);
  }
  // Of a key that is there twice, the first gives its place and the last its value.
  return Object.fromEntries(members);
}
