/** Takes the secrets out of requests: the vault encrypts them, and a reference takes their place. */

import { sealRequest } from "../../domain/bucket/requests.js";
import type { SecretReferences } from "../../domain/bucket/secrets.js";
import type { JsonValue } from "../../domain/json.js";
import type { PatchMediaType } from "../../domain/patch-media-type.js";
import type { SealedSecret } from "../../eventstore/store.js";
import type { ServiceParts } from "../parts.js";

type SealingParts = Pick<ServiceParts, "vault" | "newId" | "randomBytes">;

/** The secrets of one write: those that it brought, and one that was made for it. */
export interface Sealed {
  readonly references: SecretReferences;
  /** Kept as far as the event refers to them. */
  readonly secrets: readonly SealedSecret[];
  /** The one that was made, for the answer to this write alone. */
  readonly revealedSecret: { readonly reference: string; readonly value: string } | undefined;
}

const webhookSecretBytes = 32;

/** A request body without its secrets. */
export function sealBody(
  parts: SealingParts,
  mediaType: PatchMediaType,
  json: JsonValue,
): Sealed & { readonly body: JsonValue } {
  const sealed: SealedSecret[] = [];
  const seal = (value: JsonValue): string => {
    const secret = parts.vault.seal(parts.newId("sec"), value);
    sealed.push(secret);
    return secret.reference;
  };
  const { body, setsAdapter } = sealRequest(mediaType, json, seal);
  const made = makeSecret(parts, setsAdapter);
  return {
    body,
    secrets: [...sealed, ...made.secrets],
    references: { ...made.references, sealed: sealed.map(({ reference }) => reference) },
    revealedSecret: made.revealedSecret,
  };
}

/**
 * A webhook secret for a write that may leave an adapter without one; whether it does shows only
 * once the write is decided, and only then is the secret kept.
 */
export function makeSecret(parts: SealingParts, isWanted: boolean): Sealed {
  if (!isWanted) return noSecrets;
  const { secret, revealed } = sealOrMake(parts, undefined);
  return {
    secrets: [secret],
    references: { sealed: [], generated: secret.reference },
    revealedSecret: revealed,
  };
}

/** A webhook secret that was sent, or else a new one, which is to be shown. */
export function sealOrMake(
  { vault, newId, randomBytes }: SealingParts,
  sent: string | undefined,
): { readonly secret: SealedSecret; readonly revealed: Sealed["revealedSecret"] } {
  if (sent !== undefined) return { secret: vault.seal(newId("sec"), sent), revealed: undefined };
  const value = `whsec_${Buffer.from(randomBytes(webhookSecretBytes)).toString("base64")}`;
  const secret = vault.seal(newId("sec"), value);
  return { secret, revealed: { reference: secret.reference, value } };
}

const noSecrets: Sealed = {
  secrets: [],
  references: { sealed: [], generated: undefined },
  revealedSecret: undefined,
};
