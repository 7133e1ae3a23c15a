/** The types of the events that there can be, for filters. */
import { BucketsError } from "./errors.js";
import { DomainEvent } from "./event.js";

export const eventTypes: readonly DomainEvent["type"][] = DomainEvent.options.map(
  (option) => option.shape.type.value,
);

const known: ReadonlySet<string> = new Set(eventTypes);

/** A mistyped type would be answered with nothing, or waited for in vain. @throws BAD_REQUEST */
export function assertEventTypes(types: readonly string[]): void {
  const unknown = types.find((type) => !known.has(type));
  if (unknown === undefined) return;
  throw new BucketsError(
    "BAD_REQUEST",
    `There are no events of type "${unknown}": there are ${eventTypes.join(", ")}.`,
  );
}
