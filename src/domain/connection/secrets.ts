/** The secrets of a connection. */
import { SecretPlaces } from "../secrets.js";
import { providerSecrets } from "./provider-config.js";

export const connectionSecrets = new SecretPlaces([
  { at: ["credentials"], isOne: false },
  providerSecrets,
]);
