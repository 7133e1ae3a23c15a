/**
 * Everything that is special about the log as a resource of itself: what happened to it as a whole is
 * an event in it, in a namespace that no user can name.
 */
import { z } from "zod";
import { diff } from "../changes.js";
import { type Kind, nothing } from "../kind.js";
import type { LogCommand } from "./commands.js";
import { Fork, KeyRotation, type LogEvent, Truncation } from "./events.js";
import { evolveLog, type LogState } from "./state.js";

/** Names of namespaces begin with a letter or a digit. */
export const logNamespace = "_log";

export const LogDocument = z.object({
  truncations: z.array(Truncation).default([]),
  forks: z.array(Fork).default([]),
  key_rotations: z.array(KeyRotation).default([]),
});
export type LogDocument = Readonly<z.infer<typeof LogDocument>>;

/** What happened to the log as a whole, each the oldest first. */
export function logDocument(state: LogState | undefined): LogDocument {
  return LogDocument.parse(state?.document ?? {});
}

function decideLog(state: LogState | undefined, command: LogCommand): LogEvent {
  const before = state?.document ?? {};
  const { truncations, forks, key_rotations } = logDocument(state);
  switch (command.type) {
    case "truncate_log": {
      const after = { ...before, truncations: [...truncations, command.truncation] };
      return { type: "log.truncated", data: { changes: diff(before, after) } };
    }
    case "fork_log": {
      const after = { ...before, forks: [...forks, command.fork] };
      return { type: "log.forked", data: { changes: diff(before, after) } };
    }
    case "rotate_key": {
      const after = { ...before, key_rotations: [...key_rotations, command.rotation] };
      return { type: "log.key_rotated", data: { changes: diff(before, after) } };
    }
  }
}

export const logKind: Kind<LogState, LogCommand, LogEvent> = {
  name: "log",
  prefix: "log_",
  commands: { truncate_log: true, fork_log: true, rotate_key: true },
  restores: nothing.restored,
  id: (state) => state.log_id,
  document: (state) => state.document,
  needless: nothing.known,
  decide: decideLog,
  evolve: evolveLog,
  changes: (event) => event.data.changes,
  shown: nothing.masked,
  shownDocument: nothing.masked,
  reservations: nothing.list,
  holderKeys: nothing.list,
  taken: nothing.taken,
  secrets: nothing.list,
  dueAt: nothing.known,
  statistics: nothing.known,
  references: nothing.list,
  task: nothing.known,
  table: {
    name: "logs",
    id: "log_id",
    columns: { namespace: (state) => state.namespace },
  },
  answer: LogDocument.extend({ log_id: z.string() }),
};
