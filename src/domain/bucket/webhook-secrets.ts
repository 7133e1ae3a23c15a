/** Which secrets a delivery may be signed with (CONTRACT: source adapters). */
import { valueAt } from "../pointer.js";
import { webhookSecret } from "./secrets.js";
import type { BucketState } from "./state.js";

/** The references of the secrets that are active at the time (milliseconds), the newest first. */
export function activeWebhookSecrets({ document }: BucketState, _now: number): readonly string[] {
  const secret = valueAt(document, webhookSecret);
  return typeof secret === "string" ? [secret] : [];
}
