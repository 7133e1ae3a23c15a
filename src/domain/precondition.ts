/** What a writer requires of the version that it changes (CONTRACT: writing with care). */
export interface Precondition {
  /** Versions of which the current one must be one; `"*"` is any. A weak tag matches none. */
  readonly ifMatch: readonly number[] | "*" | undefined;
  /** Versions of which the current one must be none. */
  readonly ifNoneMatch: readonly number[] | "*" | undefined;
  /** The server runs with `--require-if-match`. */
  readonly isRequired: boolean;
}

export const anyVersion: Precondition = {
  ifMatch: undefined,
  ifNoneMatch: undefined,
  isRequired: false,
};
