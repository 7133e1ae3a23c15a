/**
 * Where the secrets of a bucket's document are, and what stands in their place. In events and
 * state a secret is a reference (`sec_…`), in every answer the mask; the value lies encrypted in a
 * table of its own (CONTRACT: source adapters).
 */

import type { Change } from "../changes.js";
import { invalidAt, invariant } from "../errors.js";
import { isJsonObject, type JsonObject, type JsonValue, ownValue, withKey } from "../json.js";
import { formatPointer, isWithin, type Pointer, parsePointer, valueAt } from "../pointer.js";

export const secretMask = "********";

const webhookSecret: Pointer = ["source_adapter", "webhook_secret"];
const credentials: Pointer = ["source_adapter", "connection", "credentials"];
const secretPlaces: readonly Pointer[] = [webhookSecret, credentials];

export type LeafMapper = (leaf: JsonValue, pointer: Pointer) => JsonValue;

/**
 * Maps every secret leaf of a value that stands at `pointer` of the patchable document. Below
 * `credentials` every non-null value that is not an object is a leaf; an array is one leaf.
 */
export function mapSecrets(value: JsonValue, pointer: Pointer, map: LeafMapper): JsonValue {
  if (value === null) return null;
  if (isWithin(pointer, webhookSecret)) return map(value, pointer);
  const isInCredentials = isWithin(pointer, credentials);
  if (!isJsonObject(value)) return isInCredentials ? map(value, pointer) : value;
  if (!isInCredentials && !secretPlaces.some((place) => isWithin(place, pointer))) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, mapSecrets(member, [...pointer, key], map)]),
  );
}

/** True for the pointer of the webhook secret itself. */
export function isWebhookSecret(pointer: Pointer): boolean {
  return pointer.length === webhookSecret.length && isWithin(pointer, webhookSecret);
}

/** The value with every secret masked: what an answer may show. */
export function maskSecrets(value: JsonValue, pointer: Pointer = []): JsonValue {
  return mapSecrets(value, pointer, () => secretMask);
}

/**
 * The changes with every secret masked, old and new: what history may show.
 *
 * @param at where in a bucket's document it stands, what the changes are of.
 */
export function maskChanges(changes: readonly Change[], at: Pointer = []): readonly Change[] {
  return changes.map((change) => {
    const pointer = [...at, ...(parsePointer(change.path) ?? [])];
    const isInReach = pointer.length === 0 || pointer[0] === "source_adapter";
    return isInReach ? maskChange(change, pointer) : change;
  });
}

function maskChange(change: Change, pointer: Pointer): Change {
  switch (change.op) {
    case "add":
      return { ...change, value: maskSecrets(change.value, pointer) };
    case "remove":
      return { ...change, was: maskSecrets(change.was, pointer) };
    case "replace":
      return {
        ...change,
        value: maskSecrets(change.value, pointer),
        was: maskSecrets(change.was, pointer),
      };
  }
}

/** The references to secrets in a document, or in a part of it that stands at `pointer`. */
export function secretReferences(value: JsonValue, pointer: Pointer = []): string[] {
  const references: string[] = [];
  mapSecrets(value, pointer, (leaf) => {
    if (typeof leaf === "string") references.push(leaf);
    return leaf;
  });
  return references;
}

/** True when the value at `pointer` is in the place of a secret, or holds one that is there. */
export function readsSecret(document: JsonValue, pointer: Pointer): boolean {
  return secretPlaces.some(
    (place) =>
      isWithin(pointer, place) ||
      (isWithin(place, pointer) && valueAt(document, place) !== undefined),
  );
}

/** The references that a command brings: those of the values it set, and one for a made secret. */
export interface SecretReferences {
  readonly sealed: readonly string[];
  /** Used when an adapter has no webhook secret and none was sent; of commands that may set one. */
  readonly generated: string | undefined;
}

/**
 * The document with every mask replaced by the reference that is stored, and with a webhook secret
 * wherever an adapter has none: absent or masked, it is made.
 *
 * @throws VALIDATION_FAILED for a mask of credentials where nothing is stored, and for a leaf that
 * is neither a mask nor a value sent in this request, such as one that a JSON Patch moved there.
 */
export function resolveSecrets(
  document: JsonObject,
  before: JsonObject,
  references: SecretReferences,
): JsonObject {
  const { sealed } = references;
  const resolved = resolveLeaves(document, before, { sealed, at: [] }, (pointer) => {
    if (isWithin(pointer, webhookSecret)) return made(references);
    throw notStored(pointer);
  });
  return isJsonObject(resolved) ? withWebhookSecret(resolved, references) : document;
}

interface Resolving {
  readonly sealed: readonly string[];
  /** Where in a bucket's document it stands. */
  readonly at: Pointer;
}

/**
 * A document, or what stands at a place of one, with references for its masks.
 *
 * @param missing the reference for a mask where nothing is stored.
 */
export function resolveLeaves(
  document: JsonObject,
  before: JsonObject,
  { sealed, at }: Resolving,
  missing: (pointer: Pointer) => string = (pointer) => {
    throw notStored(pointer);
  },
): JsonValue {
  const known = new Set<JsonValue>(sealed);
  return mapSecrets(document, at, (leaf, place) => {
    const pointer = place.slice(at.length);
    const stored = valueAt(before, pointer);
    if (leaf === secretMask) return typeof stored === "string" ? stored : missing(pointer);
    if (known.has(leaf) || leaf === stored) return leaf;
    throw invalidAt(
      ["body", ...pointer],
      "secret_not_sent",
      "Send a secret as a value of its own: it cannot be moved or copied here.",
    );
  });
}

function withWebhookSecret(document: JsonObject, references: SecretReferences): JsonObject {
  const adapter = ownValue(document, "source_adapter");
  if (!isJsonObject(adapter) || Object.hasOwn(adapter, "webhook_secret")) return document;
  const withSecret = withKey(adapter, "webhook_secret", made(references));
  return withKey(document, "source_adapter", withSecret);
}

function made({ generated }: SecretReferences): string {
  invariant(generated !== undefined, "a command that sets an adapter brings a webhook secret");
  return generated;
}

function notStored(pointer: Pointer): Error {
  return invalidAt(
    ["body", ...pointer],
    "secret_not_stored",
    `The mask keeps a stored secret, and none is stored at ${formatPointer(pointer)}: send it.`,
  );
}
