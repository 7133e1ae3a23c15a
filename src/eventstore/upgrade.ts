/** What a store tells of a file that it brought up to date. It knows no engine: callers see it. */

/** What was done to a file that an older version wrote. */
export interface Upgrade {
  readonly file: string;
  /** The migrations that were applied, in their order. */
  readonly migrations: readonly string[];
  /** The file as it was before. */
  readonly copy: string;
  /** How large that is, and so how much room the upgrade needed beside it. */
  readonly bytes: number;
  readonly milliseconds: number;
}
