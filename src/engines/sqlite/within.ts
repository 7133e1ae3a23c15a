/** Rows of some namespaces, or of all. */
import type { Within } from "../../domain/namespace/within.js";

/** True for rows of a table with a column `namespace` that are of one of those in `$within`. */
export const isWithin = "($within IS NULL OR namespace IN (SELECT value FROM json_each($within)))";

/** The parameter of it. */
export function withinOf(within: Within): { readonly within: string | null } {
  return { within: within === undefined ? null : JSON.stringify(within) };
}
