/** What an engine tells of saving what is still open of files that are gone. */
import { BucketsError } from "../domain/errors.js";

export interface Rescued {
  /** Where the copy is. */
  readonly file: string;
  /** The end of the log in it. */
  readonly position: number;
  readonly bytes: number;
}

/** While everything is where it was, a copy is a backup. */
export function nothingToRescue(): BucketsError {
  return new BucketsError(
    "CONFLICT",
    "All files of the store are where they were opened: there is nothing to be rescued.",
  );
}
