/**
 * What the audit log calls things: as the hosted API does where it has a word (the enums of its audit
 * log), and as we do for the rest. Our own words for what it names stand for its own in filters.
 */
import { BucketsError } from "./errors.js";
import type { DomainEvent } from "./event.js";
import { eventTypes } from "./event-types.js";

interface Audited {
  readonly resourceType: string;
  readonly action: string;
}

/** What can happen to what, there: taken as filters, also where nothing of the kind is kept here. */
const hosted: Readonly<Record<string, readonly string[]>> = {
  organization: [],
  user: ["created", "updated", "deleted"],
  api_key: ["created", "rotated", "revoked", "scope_updated"],
  storage_connection: ["created", "updated", "deleted", "tested", "failed"],
  namespace: ["created", "updated", "deleted", "accessed"],
  collection: ["created", "updated", "deleted", "accessed"],
  bucket: ["created", "updated", "deleted", "accessed"],
  retriever: ["created", "updated", "deleted", "accessed", "queried"],
  cluster: ["created", "updated", "deleted", "executed", "accessed"],
  taxonomy: ["created", "updated", "deleted", "accessed"],
  alert: ["created", "updated", "deleted", "accessed", "triggered"],
};

/** Our words for what the hosted API has a word for. */
const hostedNames: Readonly<Record<string, string>> = {
  connection: "storage_connection",
  token: "api_key",
};

/** What is read and has no events of its own. */
const readTypes = ["blob", "task", "audit_event", "organization"] as const;

/** How the hosted API names an event of the type; what it has no word for keeps ours. */
export function auditedAs(type: DomainEvent["type"]): Audited {
  const [own = "", verb = ""] = type.split(".");
  const resourceType = hostedType(own);
  const told = verb === "patched" ? "updated" : verb;
  return { resourceType, action: `${resourceType}_${told}` };
}

/** How a read of what we call so is named. */
export function accessedAs(own: string): Audited {
  const resourceType = hostedType(own);
  return { resourceType, action: `${resourceType}_accessed` };
}

function hostedType(own: string): string {
  return hostedNames[own] ?? own;
}

const ours: readonly Audited[] = eventTypes.map(auditedAs);
const ourTypes = new Set([...ours.map(({ resourceType }) => resourceType), ...readTypes]);
const resourceTypes: ReadonlySet<string> = new Set([...Object.keys(hosted), ...ourTypes]);
const actions: ReadonlySet<string> = new Set([
  ...Object.entries(hosted).flatMap(([type, verbs]) => verbs.map((verb) => `${type}_${verb}`)),
  "permission_updated",
  ...ours.map(({ action }) => action),
  ...[...ourTypes].map((type) => `${type}_accessed`),
  // Of turning the audit of reads on and off.
  "organization_updated",
]);

/** The filter in the words of the audit log. @throws BAD_REQUEST for what is nothing's name. */
export function knownResourceType(asked: string): string {
  return oneOf("resource_type", hostedType(asked), resourceTypes);
}

/** The same for an action. @throws BAD_REQUEST */
export function knownAction(asked: string): string {
  const [own = "", ...verb] = asked.split("_");
  return oneOf("action", [hostedType(own), ...verb].join("_"), actions);
}

/** A mistyped filter must not look as if nothing had happened. */
function oneOf(field: string, asked: string, known: ReadonlySet<string>): string {
  if (known.has(asked)) return asked;
  throw new BucketsError(
    "BAD_REQUEST",
    `${field}: there is no "${asked}": there are ${[...known].sort().join(", ")}.`,
    { field },
  );
}
