/** The decider of a connection. Pure. */
import { resolveLeaves, type SecretReferences } from "../bucket/secrets.js";
import { diff } from "../changes.js";
import { invariant } from "../errors.js";
import { isJsonObject, type JsonObject } from "../json.js";
import type { ConnectionCommand } from "./commands.js";
import type { ConnectionEvent } from "./events.js";
import { credentialsAt } from "./secrets.js";
import type { ConnectionState } from "./state.js";

/** @throws VALIDATION_FAILED for a mask of credentials where nothing is stored. */
export function decideConnection(
  state: ConnectionState | undefined,
  command: ConnectionCommand,
): ConnectionEvent {
  if (command.type === "create_connection") {
    const changes = diff({}, resolved({ metadata: {}, ...present(command.fields) }, {}, command));
    return { type: "connection.created", data: { changes } };
  }
  invariant(state !== undefined, `${command.type} needs a connection`);
  if (command.type === "delete_connection") return { type: "connection.deleted", data: {} };
  const { document } = state;
  const patched = present({ ...document, ...command.fields });
  const changes = diff(document, resolved({ metadata: {}, ...patched }, document, command));
  return { type: "connection.patched", data: { changes } };
}

/** Nulls stand for what is not there. */
function present(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function resolved(
  document: JsonObject,
  before: JsonObject,
  { sealed }: Pick<SecretReferences, "sealed">,
): JsonObject {
  const known = resolveLeaves(document, before, { sealed, at: credentialsAt });
  return isJsonObject(known) ? known : document;
}
