/** What can be asked of a namespace. Secrets are references by the time they get here. */
import type { JsonObject } from "../json.js";

interface CreateNamespace {
  readonly type: "create_namespace";
  readonly fields: JsonObject;
  /** The references of the secrets that the command brings. */
  readonly sealed: readonly string[];
}

interface PatchNamespace {
  readonly type: "patch_namespace";
  /** A field that is there replaces the whole field; null removes what may be absent. */
  readonly fields: JsonObject;
  readonly sealed: readonly string[];
}

interface DeleteNamespace {
  readonly type: "delete_namespace";
  readonly taskId: string;
  /** Of what the same transaction deletes. */
  readonly bucketCount: number;
  readonly objectCount: number;
}

export type NamespaceCommand = CreateNamespace | PatchNamespace | DeleteNamespace;
