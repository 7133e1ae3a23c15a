/** What can be asked of a sync. */

import type { JsonObject } from "../json.js";
import type { Within } from "../namespace/within.js";

export interface CreateSync {
  readonly type: "create_sync";
  readonly fields: JsonObject;
  /** The namespaces whose connections the caller may use; undefined for all. */
  readonly opens: Within;
}

interface PatchSync {
  readonly type: "patch_sync";
  /** A field that is there replaces the whole field; null removes what may be absent. */
  readonly fields: JsonObject;
}

interface PauseSync {
  readonly type: "pause_sync";
  readonly reason: string | undefined;
}

interface TriggerSync {
  readonly type: "trigger_sync";
  readonly taskId: string;
}

export type SyncCommand =
  | CreateSync
  | PatchSync
  | PauseSync
  | TriggerSync
  | { readonly type: "resume_sync" }
  | { readonly type: "delete_sync" };
