/**
 * MACs under a key that is derived from the key of the secrets, for one purpose (HMAC-SHA-256, HKDF: RFC
 * 5869): what lies beside the chain of the log is authenticated by them.
 */
import {
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from "node:crypto";
import { keyBytes, keyIdOf } from "./vault.js";

export function deriveKey(secretKey: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secretKey, "", purpose, keyBytes));
}

export class DerivedMacs {
  readonly #secretKey: () => Uint8Array;
  readonly #purpose: string;
  #derived: { readonly id: string; readonly key: KeyObject } | undefined;

  /** @param secretKey is asked for on first use only. */
  constructor(secretKey: () => Uint8Array, purpose: string) {
    this.#secretKey = secretKey;
    this.#purpose = purpose;
  }

  /** The id of the key of the secrets. @throws KEY_MISSING */
  get keyId(): string {
    return this.#current().id;
  }

  /** @param key another than that of now. */
  macOf(text: string, key: KeyObject | Uint8Array = this.#current().key): Uint8Array {
    return new Uint8Array(createHmac("sha256", key).update(text).digest());
  }

  isMac(mac: Uint8Array, text: string, key?: Uint8Array): boolean {
    const made = this.macOf(text, key);
    return made.length === mac.length && timingSafeEqual(made, mac);
  }

  #current() {
    if (this.#derived === undefined) {
      const secretKey = this.#secretKey();
      // A key as bytes would be looked at anew for each MAC, which takes five times as long.
      const key = createSecretKey(deriveKey(secretKey, this.#purpose));
      this.#derived = { id: keyIdOf(secretKey), key };
    }
    return this.#derived;
  }
}

/** Of the rows of tables that are no fold of the log. */
export function rowMacs(secretKey: () => Uint8Array): DerivedMacs {
  return new DerivedMacs(secretKey, "bucketlog rows");
}
