/** Catches the refusal that an act is expected to end in. Anything else that is thrown is a failure. */
import { type BucketsError, isBucketsError } from "../../src/domain/errors.js";

export function refusalOf(act: () => unknown): BucketsError {
  try {
    act();
  } catch (error) {
    if (isBucketsError(error)) return error;
    throw error;
  }
  throw new Error("A refusal was expected, and nothing was refused.");
}
