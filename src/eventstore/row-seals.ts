/**
 * The port through which an engine authenticates the rows that are no fold of the log, such as access tokens:
 * whoever changes one without the key is found by `verify`.
 */

/** Makes the MACs. It may have to make its key first. */
export interface RowMacs {
  readonly keyId: string;
  macOf(text: string): Uint8Array;
}

export interface CheckedRows {
  readonly checked: number;
  /** What was altered. */
  readonly problem?: string;
  /** What could not be checked, each with why. */
  readonly notChecked: readonly string[];
}

export interface RowSeals {
  /**
   * Seals what is written from now on, and all that was not sealed under this key. Nothing else may write
   * before it resolves.
   */
  sealWith(macs: RowMacs): Promise<void>;
  /** From now on nothing is sealed, because the key is not there: nothing can be checked until it is. */
  unseal(): Promise<void>;
  /** Looks at every row. */
  verify(macs: RowMacs): Promise<CheckedRows>;
}

/** Of an engine whose rows nobody else can write. */
export const noRowSeals: RowSeals = {
  sealWith: async () => {},
  unseal: async () => {},
  verify: async () => ({ checked: 0, notChecked: [] }),
};
