/** JSON Merge Patch, RFC 7396 section 2, word for word; every key is plain data. */
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Member,
  ownValue,
  withMembers,
} from "./json.js";

/** The target after the patch. Neither argument is changed. */
export function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const base: JsonObject = isJsonObject(target) ? target : {};
  const members = Object.entries(patch).map(
    ([key, value]): Member => [
      key,
      value === null ? undefined : mergePatch(ownValue(base, key), value),
    ],
  );
  return withMembers(base, members);
}
