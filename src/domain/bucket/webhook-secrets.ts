/** Webhook secrets, and how one takes the place of another (CONTRACT: source adapters). */
import { diff } from "../changes.js";
import { BucketsError } from "../errors.js";
import { formatTime } from "../event.js";
import { isJsonObject, ownValue, withKey } from "../json.js";
import { limits } from "../limits.js";
import type { RotateSecret } from "./commands.js";
import type { BucketEvent, RetiredSecret } from "./events.js";
import { bucketSecrets } from "./secrets.js";
import { type BucketState, isActive, nameOf, webhookSecretOf } from "./state.js";

/**
 * The references of the secrets that a delivery may be signed with at the time (milliseconds), the
 * newest first.
 */
export function activeWebhookSecrets(state: BucketState, now: number): readonly string[] {
  const current = webhookSecretOf(state.document);
  if (current === undefined) return [];
  const retired = (state.retired_secrets ?? []).filter((secret) => isActive(secret, now));
  return [current, ...retired.map(({ reference }) => reference)];
}

/** The references of every secret that is kept for the bucket. */
export function secretsOfBucket({
  document,
  retired_secrets: retired = [],
}: BucketState): string[] {
  return [...bucketSecrets.references(document), ...retired.map(({ reference }) => reference)];
}

/** @throws BAD_REQUEST for a bucket without a source adapter. */
export function rotateSecret(
  state: BucketState,
  { reference, overlapMs }: RotateSecret,
  now: number,
): BucketEvent {
  const adapter = ownValue(state.document, "source_adapter");
  const current = webhookSecretOf(state.document);
  if (!isJsonObject(adapter) || current === undefined) {
    throw new BucketsError(
      "BAD_REQUEST",
      `The bucket "${nameOf(state)}" has no source adapter: set one first.`,
      { bucket_id: state.bucket_id },
    );
  }
  const rotated = withKey(adapter, "webhook_secret", reference);
  const document = withKey(state.document, "source_adapter", rotated);
  return {
    type: "bucket.secret_rotated",
    data: {
      changes: diff(state.document, document),
      retired: overlapMs === 0 ? [] : retiredBeside(state, current, now, now + overlapMs),
    },
  };
}

/** The secret that is replaced, before those that were earlier and are still taken. */
function retiredBeside(
  state: BucketState,
  reference: string,
  now: number,
  until: number,
): RetiredSecret[] {
  const earlier = (state.retired_secrets ?? []).filter((secret) => isActive(secret, now));
  const retired = [{ reference, valid_until: formatTime(until) }, ...earlier];
  return retired.slice(0, limits.retiredSecretsMax);
}
