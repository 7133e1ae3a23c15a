/** The secrets of a bucket: those of its source adapter. */

import { invariant } from "../errors.js";
import { isJsonObject, type JsonObject, ownValue, withKey } from "../json.js";
import { isWithin, type Pointer } from "../pointer.js";
import { SecretPlaces } from "../secrets.js";

const webhookSecret: Pointer = ["source_adapter", "webhook_secret"];

export const bucketSecrets = new SecretPlaces([
  { at: webhookSecret, isOne: true },
  { at: ["source_adapter", "connection", "credentials"], isOne: false },
]);

/** True for the pointer of the webhook secret itself. */
export function isWebhookSecret(pointer: Pointer): boolean {
  return pointer.length === webhookSecret.length && isWithin(pointer, webhookSecret);
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
  const resolved = bucketSecrets.resolve(document, before, sealed, (pointer) =>
    isWithin(pointer, webhookSecret) ? made(references) : undefined,
  );
  return isJsonObject(resolved) ? withWebhookSecret(resolved, references) : document;
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
