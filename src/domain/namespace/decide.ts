/** The decider of a namespace. Pure. */
import { diff } from "../changes.js";
import { invalidAt, invariant } from "../errors.js";
import { isJsonObject, type JsonObject } from "../json.js";
import type { NamespaceCommand } from "./commands.js";
import type { NamespaceEvent } from "./events.js";
import { namespaceSecrets } from "./secrets.js";
import type { NamespaceState } from "./state.js";

/** What a namespace has from the beginning, and null does not take away. */
const standing = {
  namespace_type: "standard",
  feature_extractors: [],
  auto_create_indexes: false,
} as const satisfies JsonObject;

/**
 * @throws VALIDATION_FAILED for another name than it has, and for a mask of a secret where nothing is
 * stored.
 */
export function decideNamespace(
  state: NamespaceState | undefined,
  command: NamespaceCommand,
): NamespaceEvent {
  switch (command.type) {
    case "create_namespace": {
      const document = resolved({ ...standing, ...present(command.fields) }, {}, command.sealed);
      return { type: "namespace.created", data: { changes: diff({}, document) } };
    }
    case "patch_namespace": {
      invariant(state !== undefined, "a patch needs a namespace");
      assertNotRenamed(state, command.fields);
      const { document } = state;
      const patched = present({ ...document, ...withoutEmpty(command.fields) });
      const changes = diff(document, resolved(patched, document, command.sealed));
      return { type: "namespace.patched", data: { changes } };
    }
    case "delete_namespace": {
      const { taskId, bucketCount, objectCount } = command;
      const data = { task_id: taskId, bucket_count: bucketCount, object_count: objectCount };
      return { type: "namespace.deleted", data };
    }
  }
}

/** The hash of every event covers the namespace that it is in, so that none can get another. */
function assertNotRenamed({ namespace }: NamespaceState, fields: JsonObject): void {
  const { namespace_name: name = null } = fields;
  if (name === null || name === namespace) return;
  throw invalidAt(
    ["body", "namespace_name"],
    "not_renamable",
    `The namespace "${namespace}" cannot be renamed: the log proves each of its events together with that name. Make another, and leave namespace_name out here.`,
  );
}

/** Null means nothing where there is always something. */
function withoutEmpty(fields: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) =>
        value !== null || (name !== "namespace_name" && !Object.hasOwn(standing, name)),
    ),
  );
}

/** Nulls stand for what is not there. */
function present(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function resolved(document: JsonObject, before: JsonObject, sealed: readonly string[]): JsonObject {
  const known = namespaceSecrets.resolve(document, before, sealed);
  return isJsonObject(known) ? known : document;
}
