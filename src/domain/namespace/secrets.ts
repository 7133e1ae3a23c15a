/** The secrets of a namespace. */
import { SecretPlaces } from "../secrets.js";

export const namespaceSecrets = new SecretPlaces([
  { at: ["infrastructure", "qdrant_api_key"], isOne: true },
]);
