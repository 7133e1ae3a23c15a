/** Takes the secrets out of a request before anything else sees them. */
import type { z } from "zod";
import { isJsonObject, type JsonObject } from "../../domain/json.js";
import { knownFields } from "../../domain/request-fields.js";
import { parseBody } from "../../domain/schemas.js";
import { type SecretPlaces, secretMask } from "../../domain/secrets.js";
import type { SealedSecret } from "../../eventstore/store.js";
import type { ServiceParts } from "../parts.js";

/** What a request sends of the fields that it may, with references in the place of its secrets. */
export interface SealedFields {
  readonly fields: JsonObject;
  readonly secrets: readonly SealedSecret[];
}

/** @throws VALIDATION_FAILED */
export function sealFields(
  { vault, newId }: Pick<ServiceParts, "vault" | "newId">,
  body: JsonObject,
  schema: z.ZodObject,
  places: SecretPlaces,
): SealedFields {
  parseBody(schema, body);
  const secrets: SealedSecret[] = [];
  const fields = places.map(knownFields(body, schema), [], (leaf) => {
    if (leaf === secretMask) return leaf;
    const secret = vault.seal(newId("sec"), leaf);
    secrets.push(secret);
    return secret.reference;
  });
  return { fields: isJsonObject(fields) ? fields : {}, secrets };
}
