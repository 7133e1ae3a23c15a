/** Everything that is special about connections. */

import { BucketsError } from "../errors.js";
import { type Kind, nothing } from "../kind.js";
import type { ConnectionCommand } from "./commands.js";
import { decideConnection } from "./decide.js";
import type { ConnectionEvent } from "./events.js";
import { ConnectionResponse } from "./response.js";
import { connectionSecrets } from "./secrets.js";
import { type ConnectionState, connectionReservations, evolveConnection } from "./state.js";

export const connectionKind: Kind<ConnectionState, ConnectionCommand, ConnectionEvent> = {
  name: "connection",
  prefix: "conn_",
  commands: {
    create_connection: true,
    patch_connection: true,
    delete_connection: true,
  },
  restores: nothing.restored,
  id: (state) => state.connection_id,
  document: (state) => state.document,
  needless: nothing.known,
  decide: decideConnection,
  evolve: evolveConnection,
  changes: (event) => (event.type === "connection.deleted" ? [] : event.data.changes),
  shown: connectionSecrets.maskChanges,
  shownDocument: connectionSecrets.maskDocument,
  reservations: connectionReservations,
  holderKeys: nothing.list,
  taken: ({ key }, holder) =>
    new BucketsError(
      "ALREADY_EXISTS",
      `The connection ${holder} has the name "${key}": choose another.`,
      { resource: "connection", connection_id: holder },
    ),
  secrets: ({ deleted, document }) =>
    deleted === undefined ? connectionSecrets.references(document) : [],
  dueAt: nothing.known,
  statistics: nothing.known,
  references: nothing.list,
  task: nothing.known,
  table: {
    name: "connections",
    id: "connection_id",
    columns: { namespace: (state) => state.namespace },
  },
  answer: ConnectionResponse,
};
