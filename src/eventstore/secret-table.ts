/** The port through which an engine keeps the sealed secrets that states refer to. */
import type { SealedSecret } from "./store.js";

export interface SecretTable {
  all(): Promise<readonly SealedSecret[]>;
  /** In place of those with the same references, or beside the others, all or none. Durable when it resolves. */
  replace(secrets: readonly SealedSecret[]): Promise<void>;
}
