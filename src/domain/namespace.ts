/** Namespaces: everything is in one, and nothing is seen from another (CONTRACT: conventions). */
import { BucketsError } from "./errors.js";

export const namespacePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

/** @throws BAD_REQUEST for what is no name of a namespace. */
export function assertNamespace(name: string): void {
  if (namespacePattern.test(name)) return;
  throw new BucketsError(
    "BAD_REQUEST",
    "A namespace has 1 to 100 letters, digits, dots, dashes and underscores, and begins with a letter or digit.",
  );
}
