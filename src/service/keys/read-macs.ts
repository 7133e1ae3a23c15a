/**
 * What the rows of the audit of reads are authenticated with: HMAC-SHA-256 under a key that is derived
 * (HKDF, RFC 5869) from the key of the secrets. A rotation keeps the derived key of before as a secret,
 * sealed like the others, so that older rows can still be checked.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import {
  type AuditedRead,
  formerKeyPrefix,
  type ReadAuditing,
  type ReadRow,
} from "../../eventstore/read-table.js";
import { keyBytes, keyIdOf } from "./vault.js";

type Unsealed<Row> = Omit<Row, "keyId" | "mac">;

/** Where the derived key of a secret key of before is kept. */
export function formerKeyReference(keyId: string): string {
  return formerKeyPrefix + keyId;
}

/** What MACs are made under, while that is the key of the secrets. */
export function deriveReadKey(secretKey: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secretKey, "", "bucketlog read audit", keyBytes));
}

export class ReadMacs {
  readonly #secretKey: () => Uint8Array;
  #derived: { readonly id: string; readonly key: Uint8Array } | undefined;

  /** @param secretKey is asked for on first use only. */
  constructor(secretKey: () => Uint8Array) {
    this.#secretKey = secretKey;
  }

  /** The id of the key that MACs are made under. @throws KEY_MISSING */
  get keyId(): string {
    return this.#current().id;
  }

  sealRow(row: Unsealed<ReadRow>): ReadRow {
    const { id, key } = this.#current();
    return { ...row, keyId: id, mac: macOf(key, rowText(row)) };
  }

  sealAuditing(auditing: Unsealed<ReadAuditing>): ReadAuditing {
    const { id, key } = this.#current();
    return { ...auditing, keyId: id, mac: macOf(key, auditingText(auditing)) };
  }

  /** @param former the derived key of a secret key of before, for a row that was made under it. */
  isRow(row: ReadRow, former?: Uint8Array): boolean {
    return isSame(row.mac, macOf(former ?? this.#current().key, rowText(row)));
  }

  isAuditing(auditing: ReadAuditing, former?: Uint8Array): boolean {
    return isSame(auditing.mac, macOf(former ?? this.#current().key, auditingText(auditing)));
  }

  #current() {
    if (this.#derived === undefined) {
      const secretKey = this.#secretKey();
      this.#derived = { id: keyIdOf(secretKey), key: deriveReadKey(secretKey) };
    }
    return this.#derived;
  }
}

function rowText(row: AuditedRead & { readonly sequence: number }): string {
  return JSON.stringify([
    "read",
    row.sequence,
    row.auditId,
    row.recordedAt,
    row.namespace,
    row.resourceType,
    row.resourceId,
    row.action,
    row.actor,
    row.changes,
    row.remoteAddress,
    row.userAgent,
  ]);
}

function auditingText({ isEnabled, first, last }: Unsealed<ReadAuditing>): string {
  return JSON.stringify(["auditing", isEnabled, first, last]);
}

function macOf(key: Uint8Array, text: string): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(text).digest());
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
