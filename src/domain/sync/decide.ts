/** The decider of a sync. Pure. Everything about one is kept, and nothing is ever pulled. */

import { diff } from "../changes.js";
import { BucketsError, invariant } from "../errors.js";
import type { JsonObject } from "../json.js";
import { hasNamespace } from "../namespace/within.js";
import { organizationNotFound } from "../not-found.js";
import type { OwnedContext } from "../owned.js";
import type { CreateSync, SyncCommand } from "./commands.js";
import type { SyncEvent } from "./events.js";
import type { SyncState } from "./state.js";

/** What a sync has from the beginning, and null brings back. */
const standing = {
  sync_mode: "continuous",
  polling_interval_seconds: 300,
  batch_size: 50,
  skip_batch_submission: false,
  status: "PENDING",
  is_active: true,
  metadata: {},
} as const satisfies JsonObject;

const nothingPulled =
  "Nothing was pulled: this server reaches out to nobody. Push the files instead, as objects, as uploads, or by a source adapter.";

/**
 * @throws NOT_FOUND for a connection that is not there;
 * BAD_REQUEST for a wrong transition.
 */
export function decideSync(
  state: SyncState | undefined,
  command: SyncCommand,
  context: OwnedContext,
): SyncEvent {
  const { actor } = context.moment;
  if (command.type === "create_sync") {
    assertConnected(command, context);
    const changes = diff({}, complete(command.fields));
    return { type: "sync.created", data: { changes, created_by: actor } };
  }
  invariant(state !== undefined, `${command.type} needs a sync`);
  const { document, sync_config_id: id } = state;
  switch (command.type) {
    case "patch_sync": {
      const changes = diff(document, complete({ ...document, ...command.fields }));
      return { type: "sync.patched", data: { changes } };
    }
    case "pause_sync": {
      if (state.paused !== undefined) throw wrong(`The sync ${id} is paused already.`, state);
      const { reason } = command;
      const data = { paused_by: actor, ...(reason !== undefined && { reason }) };
      return { type: "sync.paused", data };
    }
    case "resume_sync":
      if (state.paused === undefined) throw wrong(`The sync ${id} is not paused.`, state);
      return { type: "sync.resumed", data: {} };
    case "trigger_sync": {
      if (state.paused !== undefined) {
        throw wrong(`The sync ${id} is paused: resume it first.`, state);
      }
      const changes = diff(document, { ...document, status: "FAILED" });
      const data = { changes, task_id: command.taskId, error: nothingPulled };
      return { type: "sync.triggered", data };
    }
    case "delete_sync":
      return { type: "sync.deleted", data: {} };
  }
}

/** Nulls stand for what is not there, and what always is gets its default. */
function complete(fields: JsonObject): JsonObject {
  const present = Object.entries(fields).filter(([, value]) => value !== null);
  return { ...standing, ...Object.fromEntries(present) };
}

/** A connection is the organisation's: it may be of any namespace that is open to the caller. */
function assertConnected({ fields, opens }: CreateSync, { related }: OwnedContext): void {
  const { connection_id: id } = fields;
  const connection = typeof id === "string" ? related(id) : undefined;
  const isThere = connection?.kind === "connection" && connection.deleted === undefined;
  if (isThere && hasNamespace(opens, connection.namespace)) return;
  throw organizationNotFound("connection", String(id), opens);
}

function wrong(message: string, { sync_config_id: id }: SyncState): BucketsError {
  return new BucketsError("BAD_REQUEST", message, { sync_config_id: id });
}
