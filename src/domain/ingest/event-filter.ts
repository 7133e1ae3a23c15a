/** Which events of a source make objects (CONTRACT: source adapters). */
import type { AdapterType, MappingConfig } from "../bucket/source-adapter.js";
import { type JsonObject, type JsonValue, ownValue } from "../json.js";

/** A type that says all: without a filter of its own, a generic webhook takes every event. */
const defaultTypes: Readonly<Record<AdapterType, readonly string[]>> = {
  mux: ["video.asset.ready"],
  supabase: ["INSERT", "UPDATE"],
  generic_webhook: [],
};

/** The root field `type`, which is where all three kinds of sender have it. */
export function eventTypeOf(payload: JsonObject): string | undefined {
  return textOf(ownValue(payload, "type"));
}

/** Why an event makes no object, or undefined when it makes one. No types at all ask nothing. */
export function reasonToIgnore(
  config: MappingConfig,
  eventType: string | undefined,
): string | undefined {
  const own = config.event_filter?.event_types ?? [];
  const wanted = own.length > 0 ? own : defaultTypes[config.adapter_type];
  if (wanted.length === 0) return undefined;
  if (eventType === undefined) return "The event has no type, and the adapter filters by it.";
  if (wanted.includes(eventType)) return undefined;
  return `The adapter takes events of the types ${wanted.join(", ")}.`;
}

/** An id or type as text; other values are none. */
export function textOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}
