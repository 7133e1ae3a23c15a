/** The decider of a connection. Pure. */
import { diff } from "../changes.js";
import { invariant } from "../errors.js";
import { isJsonObject, type JsonObject } from "../json.js";
import type { DecisionContext } from "../kind.js";
import type { ConnectionCommand } from "./commands.js";
import type { ConnectionEvent } from "./events.js";
import { connectionSecrets } from "./secrets.js";
import type { ConnectionState } from "./state.js";

/** @throws VALIDATION_FAILED for a mask of credentials where nothing is stored. */
export function decideConnection(
  state: ConnectionState | undefined,
  command: ConnectionCommand,
  { moment }: Pick<DecisionContext, "moment">,
): ConnectionEvent {
  if (command.type === "create_connection") {
    const changes = diff({}, resolved({ metadata: {}, ...present(command.fields) }, {}, command));
    return { type: "connection.created", data: { changes, created_by: moment.actor } };
  }
  invariant(state !== undefined, `${command.type} needs a connection`);
  if (command.type === "delete_connection") return { type: "connection.deleted", data: {} };
  const { document } = state;
  const { name } = document;
  const sent = present({ ...document, ...command.fields });
  const patched = { metadata: {}, ...(name !== undefined && { name }), ...sent };
  return {
    type: "connection.patched",
    data: { changes: diff(document, resolved(patched, document, command)) },
  };
}

/** Nulls stand for what is not there. */
function present(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function resolved(
  document: JsonObject,
  before: JsonObject,
  { sealed }: { readonly sealed: readonly string[] },
): JsonObject {
  const known = connectionSecrets.resolve(document, before, sealed);
  return isJsonObject(known) ? known : document;
}
