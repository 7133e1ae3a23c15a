/** Changes that are made in a store from a file: a seed, or a history that was exported. */

export interface ImportOptions {
  /** Of a history of one bucket, whose lines do not say it; `default` unless given. */
  readonly namespace?: string | undefined;
  /** Types of events that are left out, such as `delivery.accepted`. */
  readonly skip?: readonly string[] | undefined;
  /** The folder that has the bytes of blobs, by their hashes, as `<file>.blobs` does. */
  readonly blobs?: string | undefined;
  /** The first line that is taken, to go on behind one that was refused; 1 unless given. */
  readonly fromLine?: number | undefined;
  /** Told how many lines were taken. */
  readonly onLines?: ((count: number) => void) | undefined;
}

export interface ImportReport {
  /** How many lines happened. */
  readonly changes: number;
  /** How many were left out, as they were to be, or because they are of access tokens. */
  readonly skipped: number;
  /** Secrets that a history masks: set them again, where they are needed. */
  readonly secrets_left_out: number;
  /** The tokens that were made, with their secrets, which are shown this once. */
  readonly tokens: readonly { readonly name: string; readonly token: string }[];
}
