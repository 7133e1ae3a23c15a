/** What an event did, in a few words. */
import type { Change, HistoryEntry } from "../../client/index.js";
import { counted } from "./numbers.js";

const deeds: Readonly<Record<string, string>> = {
  created: "created it",
  patched: "changed",
  reverted: "put back",
  undone: "took back",
  restored: "brought it back",
  deleted: "deleted it",
  locked: "locked it",
  unlocked: "unlocked it",
  archived: "archived it",
  activated: "activated it",
  suspended: "suspended it",
  secret_rotated: "replaced the webhook secret",
};

/** `changed description and metadata/team`, `object created it` */
export function deedOf({ type, changes, revert_of: of }: HistoryEntry): string {
  const [kind = "", action = ""] = type.split(".");
  const subject = kind === "bucket" ? "" : `${kind}: `;
  const deed = deeds[action] ?? action.replaceAll("_", " ");
  switch (action) {
    case "patched":
      return `${subject}${changes.length === 0 ? "changed nothing" : `${deed} ${fields(changes)}`}`;
    case "reverted":
    case "undone":
      return `${subject}${deed} ${action === "undone" ? "" : `${fields(changes)} to `}v${of ?? "?"}`;
    default:
      return `${subject}${deed}`;
  }
}

const namedMax = 2;

function fields(changes: readonly Change[]): string {
  if (changes.length > namedMax) return counted(changes.length, "field");
  return changes.map(({ path }) => path.slice(1)).join(" and ");
}
