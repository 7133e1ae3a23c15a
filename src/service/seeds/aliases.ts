/**
 * The ids that a seed gives, and those that the store gave in their place: one that is open already
 * makes its own.
 */
import { isJsonArray, isJsonObject, type JsonValue } from "../../domain/json.js";

export class Aliases {
  readonly #ids = new Map<string, string>();

  learn(given: string, made: string): void {
    if (given !== made) this.#ids.set(given, made);
  }

  /** The value with every id that is known by now in its place. */
  renamed(value: JsonValue): JsonValue {
    return this.#ids.size === 0 ? value : mapTexts(value, (text) => this.#ids.get(text) ?? text);
  }
}

/** Whether one of the texts stands anywhere in the value. */
export function mentions(value: JsonValue, texts: ReadonlySet<string>): boolean {
  if (texts.size === 0) return false;
  let isFound = false;
  mapTexts(value, (text) => {
    isFound ||= texts.has(text);
    return text;
  });
  return isFound;
}

/** Ids are values, never keys. */
function mapTexts(value: JsonValue, map: (text: string) => string): JsonValue {
  if (typeof value === "string") return map(value);
  if (isJsonArray(value)) return value.map((item) => mapTexts(item, map));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, mapTexts(member, map)]),
  );
}
