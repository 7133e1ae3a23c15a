/** Namespaces by name: everything is in one, nothing is seen from another (CONTRACT: conventions). */

import { BucketsError } from "../errors.js";
import type { Reservation } from "../reservation.js";

export const namespacePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

export const namespaceForm =
  "A namespace has 1 to 100 letters, digits, dots, dashes and underscores, and begins with a letter or digit.";

/** What stands for every namespace where one is asked for. No namespace can have that name. */
export const allNamespaces = "*";

/** @throws BAD_REQUEST for what is no name of a namespace. */
export function assertNamespace(name: string): void {
  if (typeof name === "string" && namespacePattern.test(name)) return;
  throw new BucketsError("BAD_REQUEST", namespaceForm);
}

/** True for what a client may take for an id: a namespace is named by either. */
export function looksLikeNamespaceId(text: string): boolean {
  return /^ns_[0-9a-z]{26}$/i.test(text);
}

/** What the namespace of that name is found by, once it was made. */
export function namespaceReservation(name: string): Reservation {
  return { scope: "namespace_name", key: name };
}
