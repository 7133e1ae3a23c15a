/** The port through which an engine keeps who read what, while reads are audited. */
import type { Within } from "../domain/namespace/within.js";

/** Of the references under which keys of before are kept among the secrets: no state refers to them. */
export const formerKeyPrefix = "sec_reads_";

/** What is told of one read, or of turning the audit of reads on or off. */
export interface AuditedRead {
  readonly auditId: string;
  /** Milliseconds since the epoch. */
  readonly recordedAt: number;
  /** Null for what is about no namespace alone. */
  readonly namespace: string | null;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly action: string;
  readonly actor: string;
  /** As JSON. */
  readonly changes: string;
  readonly remoteAddress: string | null;
  readonly userAgent: string | null;
}

/** By what it is known that nobody has altered a row. */
interface Sealed {
  /** Of the key of the secrets that the MAC was made under. */
  readonly keyId: string;
  readonly mac: Uint8Array;
}

export interface ReadRow extends AuditedRead, Sealed {
  /** Without gaps, from the first that is kept to the last. */
  readonly sequence: number;
}

/** Whether reads are audited, and which rows there must be. */
export interface ReadAuditing extends Sealed {
  readonly isEnabled: boolean;
  readonly first: number;
  readonly last: number;
}

/** Every part that is given must hold. */
export interface ReadFilter {
  /** Of all unless given; what is of no namespace is told only then. */
  readonly within: Within;
  readonly auditId?: string | undefined;
  readonly resourceType?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly action?: string | undefined;
  readonly actor?: string | undefined;
  /** Inclusive bounds, milliseconds. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface ReadTable {
  auditing(): Promise<ReadAuditing | undefined>;
  /**
   * Keeps the rows, and forgets those before the first that there must be: in one transaction, and
   * durable when it resolves.
   */
  put(auditing: ReadAuditing, rows: readonly ReadRow[]): Promise<void>;
  /** The sequence of the first that was recorded at that time or later, if there is one. */
  firstSince(recordedAt: number): Promise<number | undefined>;
  /** The newest first. @param before only those before that one. */
  find(filter: ReadFilter, limit: number, before?: number): Promise<readonly ReadRow[]>;
  count(filter: ReadFilter): Promise<number>;
  /** In their order, those after that one. */
  after(sequence: number, limit: number): Promise<readonly ReadRow[]>;
}
