/** Everything that is special about namespaces. */
import { BucketsError } from "../errors.js";
import { type Kind, nothing } from "../kind.js";
import { namespaceDeletionTask } from "../task.js";
import type { NamespaceCommand } from "./commands.js";
import { decideNamespace } from "./decide.js";
import type { NamespaceEvent } from "./events.js";
import { NamespaceResponse } from "./response.js";
import { namespaceSecrets } from "./secrets.js";
import { evolveNamespace, type NamespaceState, namespaceReservations } from "./state.js";

export const namespaceKind: Kind<NamespaceState, NamespaceCommand, NamespaceEvent> = {
  name: "namespace",
  prefix: "ns_",
  commands: {
    create_namespace: true,
    patch_namespace: true,
    delete_namespace: true,
  },
  restores: nothing.restored,
  id: (state) => state.namespace_id,
  document: (state) => state.document,
  needless: nothing.known,
  decide: decideNamespace,
  evolve: evolveNamespace,
  changes: (event) => (event.type === "namespace.deleted" ? [] : event.data.changes),
  shown: namespaceSecrets.maskChanges,
  shownDocument: namespaceSecrets.maskDocument,
  reservations: namespaceReservations,
  holderKeys: nothing.list,
  taken: ({ key }, holder) =>
    new BucketsError(
      "ALREADY_EXISTS",
      `The namespace "${key}" was made already: it is ${holder}.`,
      {
        resource: "namespace",
        namespace_id: holder,
      },
    ),
  secrets: ({ deleted, document }) =>
    deleted === undefined ? namespaceSecrets.references(document) : [],
  dueAt: nothing.known,
  statistics: nothing.known,
  references: nothing.list,
  task: namespaceDeletionTask,
  table: {
    name: "namespaces",
    id: "namespace_id",
    columns: { namespace: (state) => state.namespace },
  },
  answer: NamespaceResponse,
};
