/** Which events of a source make objects, and which remove them (CONTRACT: source adapters). */
import type { AdapterType, MappingConfig } from "../bucket/source-adapter.js";
import { type JsonObject, type JsonValue, ownValue } from "../json.js";

/** A type that says all: without a filter of its own, a generic webhook takes every event. */
const defaultTypes: Readonly<Record<AdapterType, readonly string[]>> = {
  mux: ["video.asset.ready"],
  supabase: ["INSERT", "UPDATE"],
  generic_webhook: [],
};

/** What says that a thing is gone. It deletes only where the adapter names it itself. */
const removalTypes: Readonly<Record<AdapterType, string | undefined>> = {
  mux: "video.asset.deleted",
  supabase: "DELETE",
  generic_webhook: undefined,
};

export function isRemoval({ adapter_type }: MappingConfig, eventType: string | undefined): boolean {
  return eventType !== undefined && eventType === removalTypes[adapter_type];
}

/** The root field `type`, which is where all three kinds of sender have it. */
export function eventTypeOf(payload: JsonObject): string | undefined {
  return textOf(ownValue(payload, "type"));
}

/** Why an event does nothing, or undefined when it does. No types at all ask nothing. */
export function reasonToIgnore(
  config: MappingConfig,
  eventType: string | undefined,
): string | undefined {
  const own = config.event_filter?.event_types ?? [];
  const wanted = own.length > 0 ? own : defaultTypes[config.adapter_type];
  if (wanted.length === 0) return undefined;
  if (eventType === undefined) return "The event has no type, and the adapter filters by it.";
  if (wanted.includes(eventType)) return undefined;
  const taken = `The adapter takes events of the types ${wanted.join(", ")}`;
  if (!isRemoval(config, eventType)) return `${taken}.`;
  return `${taken}: name ${eventType} in event_filter.event_types to let it delete objects.`;
}

/** An id or type as text; other values are none. */
export function textOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}
