/** JSON Pointer (RFC 6901): parsing, formatting and looking up by own properties only. */
import { isJsonArray, isJsonObject, type JsonValue, ownValue } from "./json.js";

export type Pointer = readonly string[];

/** The tokens of a pointer, or undefined when its syntax is not that of RFC 6901 section 3. */
export function parsePointer(text: string): Pointer | undefined {
  if (text === "") return [];
  if (!text.startsWith("/")) return undefined;
  const tokens = text.slice(1).split("/");
  if (!text.includes("~")) return tokens;
  if (/~(?![01])/.test(text)) return undefined;
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function formatPointer(tokens: Pointer): string {
  return tokens.map((token) => `/${escapeToken(token)}`).join("");
}

export function escapeToken(token: string): string {
  if (!token.includes("~") && !token.includes("/")) return token;
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The index that a token names (RFC 6901 section 4: no sign, no leading zeros), or undefined. */
export function arrayIndex(token: string): number | undefined {
  return /^(0|[1-9][0-9]{0,9})$/.test(token) ? Number(token) : undefined;
}

/** The value that the pointer names, or undefined when there is none. */
export function valueAt(document: JsonValue, pointer: Pointer): JsonValue | undefined {
  let value: JsonValue | undefined = document;
  for (const token of pointer) {
    if (isJsonArray(value)) {
      const index = arrayIndex(token);
      value = index === undefined ? undefined : value[index];
    } else if (isJsonObject(value)) {
      value = ownValue(value, token);
    } else {
      return undefined;
    }
  }
  return value;
}

/** True when `pointer` is `prefix` or lies below it. */
export function isWithin(pointer: Pointer, prefix: Pointer): boolean {
  return prefix.length <= pointer.length && prefix.every((token, i) => token === pointer[i]);
}
