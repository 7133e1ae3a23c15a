/**
 * What the rows of the audit of reads are authenticated with: HMAC-SHA-256 under a key that is derived
 * (HKDF, RFC 5869) from the key of the secrets. A rotation keeps the derived key of before as a secret,
 * sealed like the others, so that older rows can still be checked.
 */
import {
  type AuditedRead,
  formerKeyPrefix,
  type ReadAuditing,
  type ReadRow,
} from "../../eventstore/read-table.js";
import { DerivedMacs, deriveKey } from "./derived-macs.js";

type Unsealed<Row> = Omit<Row, "keyId" | "mac">;

const purpose = "bucketlog read audit";

/** Where the derived key of a secret key of before is kept. */
export function formerKeyReference(keyId: string): string {
  return formerKeyPrefix + keyId;
}

/** What MACs are made under, while that is the key of the secrets. */
export function deriveReadKey(secretKey: Uint8Array): Uint8Array {
  return deriveKey(secretKey, purpose);
}

export class ReadMacs {
  readonly #macs: DerivedMacs;

  /** @param secretKey is asked for on first use only. */
  constructor(secretKey: () => Uint8Array) {
    this.#macs = new DerivedMacs(secretKey, purpose);
  }

  /** The id of the key that MACs are made under. @throws KEY_MISSING */
  get keyId(): string {
    return this.#macs.keyId;
  }

  sealRow(row: Unsealed<ReadRow>): ReadRow {
    return { ...row, keyId: this.keyId, mac: this.#macs.macOf(rowText(row)) };
  }

  sealAuditing(auditing: Unsealed<ReadAuditing>): ReadAuditing {
    return { ...auditing, keyId: this.keyId, mac: this.#macs.macOf(auditingText(auditing)) };
  }

  /** @param former the derived key of a secret key of before, for a row that was made under it. */
  isRow(row: ReadRow, former?: Uint8Array): boolean {
    return this.#macs.isMac(row.mac, rowText(row), former);
  }

  isAuditing(auditing: ReadAuditing, former?: Uint8Array): boolean {
    return this.#macs.isMac(auditing.mac, auditingText(auditing), former);
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
