/** How every write is answered, beside what it shows of what was written. */
import type { Written } from "../../api/index.js";
import { shownChanges } from "../../domain/resource.js";
import type { Done } from "./writing.js";

/** The tag is the version: a kind whose answers depend on more says its own. */
export function writtenOf(
  { state, recorded, replayed, dryRun }: Done,
  ignoredFields: readonly string[],
): Written {
  return {
    version: state.version,
    position: state.position,
    tag: String(state.version),
    changes: shownChanges(recorded.event),
    ignoredFields,
    replayed,
    dryRun,
  };
}
