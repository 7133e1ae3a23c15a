/** What can be asked of a connection. Secrets are references by the time they get here. */
import type { JsonObject } from "../json.js";

interface CreateConnection {
  readonly type: "create_connection";
  readonly fields: JsonObject;
  /** The references of the secrets that the command brings. */
  readonly sealed: readonly string[];
}

interface PatchConnection {
  readonly type: "patch_connection";
  /** A field that is there replaces the whole field; null removes what may be absent. */
  readonly fields: JsonObject;
  readonly sealed: readonly string[];
}

interface DeleteConnection {
  readonly type: "delete_connection";
}

export type ConnectionCommand = CreateConnection | PatchConnection | DeleteConnection;
