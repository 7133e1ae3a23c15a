/** Turns a write to a sync, as data, into one that was checked. No rule of the domain is decided. */
import type { ServedOperationOptions, SyncOperation, SyncResult } from "../../api/index.js";
import { invariant } from "../../domain/errors.js";
import type { JsonValue } from "../../domain/json.js";
import { knownFields, readBody } from "../../domain/request-fields.js";
import { stateOfKind } from "../../domain/resource.js";
import type { SyncCommand } from "../../domain/sync/commands.js";
import { CreateSyncRequest, PatchSyncRequest } from "../../domain/sync/requests.js";
import { renderSync } from "../../domain/sync/response.js";
import { syncTask } from "../../domain/task.js";
import type { Asker } from "../asker.js";
import type { ServiceParts } from "../parts.js";
import { type Checked, type Done, preconditionOf } from "../write/writing.js";
import { writtenOf } from "../write/written.js";

/** What an operation is, beside how it is meant. */
interface Asked {
  readonly command: SyncCommand;
  readonly json?: JsonValue;
  readonly ignoredFields?: readonly string[];
}

type Operation = SyncOperation & ServedOperationOptions;
type Parts = Pick<ServiceParts, "newId">;

export function checkSyncOperation(
  parts: Parts,
  asker: Asker,
  operation: Operation,
): Checked<SyncResult> {
  const { type, bucket } = operation;
  const { command, json = null, ignoredFields = [] } = ask(parts, asker, operation);
  const target =
    operation.type === "create_sync"
      ? ({ kind: "new_member", bucket, id: parts.newId("sync") } as const)
      : ({ kind: "member", bucket, id: operation.sync } as const);
  return {
    call: [type, bucket, operation.type === "create_sync" ? null : operation.sync, json],
    reason: operation.reason,
    precondition: preconditionOf(operation),
    command: { target, command },
    render: async (done) => answerSync(type, done, ignoredFields),
  };
}

function ask({ newId }: Parts, { caller }: Asker, operation: Operation): Asked {
  const { type, strict } = operation;
  switch (type) {
    case "create_sync": {
      const { json, ignoredFields } = readBody(CreateSyncRequest, operation.body, strict);
      return {
        json,
        ignoredFields,
        command: { type, fields: knownFields(json, CreateSyncRequest), opens: caller.opens },
      };
    }
    case "patch_sync": {
      const { json, ignoredFields } = readBody(PatchSyncRequest, operation.patch, strict);
      return {
        json,
        ignoredFields,
        command: { type, fields: knownFields(json, PatchSyncRequest) },
      };
    }
    case "pause_sync":
      return { command: { type, reason: operation.reason } };
    case "trigger_sync":
      return { command: { type, taskId: newId("task") } };
    case "resume_sync":
    case "delete_sync":
      return { command: { type } };
  }
}

function answerSync(
  type: SyncOperation["type"],
  done: Done,
  ignoredFields: readonly string[],
): SyncResult {
  const state = stateOfKind("sync", done.state);
  const written = writtenOf(done, ignoredFields);
  switch (type) {
    case "trigger_sync": {
      const task = syncTask(state);
      invariant(task !== undefined, `${state.sync_config_id} was triggered without a task`);
      return { ...written, task };
    }
    case "delete_sync": {
      const message = `The sync ${state.sync_config_id} was deleted; its history goes on.`;
      return { ...written, deletion: { message, success: true } };
    }
    case "create_sync":
    case "patch_sync":
    case "pause_sync":
    case "resume_sync":
      return { ...written, sync: renderSync(state) };
  }
}
