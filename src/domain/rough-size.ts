/** How large a value is, found without writing it: what work on it will cost, before it is begun. */
import { isJsonArray, isJsonObject, type JsonValue } from "./json.js";

/** What a number, a literal, or the marks around a member are taken for. */
const markBytes = 4;

/** By the object itself: it is of a state, which never changes. */
const known = new WeakMap<object, number>();

/**
 * About as many bytes as the value has as JSON text. Of what is asked about again and again, such as
 * the document of a state, it is counted once.
 */
export function roughBytes(value: object): number {
  const counted = known.get(value) ?? sizeOf(value);
  known.set(value, counted);
  return counted;
}

/** The same of any value. */
export function roughBytesOf(value: JsonValue): number {
  return typeof value === "object" && value !== null ? roughBytes(value) : sizeOf(value);
}

function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length + markBytes;
  if (typeof value !== "object" || value === null) return markBytes;
  let bytes = markBytes;
  if (isJsonArray(value)) {
    for (let index = 0; index < value.length; index += 1) bytes += sizeOf(value[index]);
    return bytes;
  }
  if (!isJsonObject(value)) return bytes;
  for (const key of Object.keys(value)) bytes += key.length + markBytes + sizeOf(value[key]);
  return bytes;
}
