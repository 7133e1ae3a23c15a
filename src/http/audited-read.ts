/** Which requests are reads for the audit log, and what they read. */
import type { EmbeddedStore, TrackedRead } from "../api/index.js";
import { organizationId } from "../domain/organization.js";
import type { HttpContext, Route } from "./route.js";

/** What the parameters of a path name, the innermost first. */
const named = [
  ["blob_id", "blob"],
  ["hash", "blob"],
  ["object_identifier", "object"],
  ["batch_id", "batch"],
  ["upload_id", "upload"],
  ["delivery_id", "delivery"],
  ["sync_config_id", "sync"],
  ["connection_id", "connection"],
  ["task_id", "task"],
  ["audit_id", "audit_event"],
  ["bucket_identifier", "bucket"],
  ["bucket_id", "bucket"],
  ["namespace_identifier", "namespace"],
] as const;

/** What is stored, and not the service itself. */
function isRead({ method, path, permission, isSigned }: Route): boolean {
  if (!path.startsWith("/v1/")) return false;
  if (permission === undefined) return isSigned === true && method === "GET";
  return permission === "read" || method === "GET";
}

/** Whether the answer tells of reads, which another thread sees only once they are written. */
export function tellsReads({ path }: Route): boolean {
  return path.startsWith("/v1/organizations/audit/logs");
}

interface Auditing {
  readonly store: Pick<EmbeddedStore, "reads">;
  readonly auditsReads?: boolean;
}

/** Who asks, and in which namespace, if it is about one alone. */
interface Asking {
  readonly actor: string;
  readonly namespace: string | undefined;
  readonly userAgent: string | undefined;
}

/**
 * Answers, and tells of it when it was a read that was answered.
 * @throws what refuses it; and, while reads are audited, what keeps this one from being told of.
 */
export async function audited(
  { store, auditsReads = true }: Auditing,
  route: Route,
  context: HttpContext,
  asking: Asking,
  answer: () => Promise<void>,
): Promise<void> {
  const isTold = auditsReads && isRead(route) && (await store.reads.begin());
  await answer();
  if (!isTold || context.status >= 400) return;
  const address = context.state.address;
  store.reads.record({
    ...asking,
    ...resourceOf(context["params"] ?? {}, asking.namespace),
    remoteAddress: address === "" ? undefined : address,
  });
}

function resourceOf(
  params: Readonly<Record<string, string>>,
  namespace: string | undefined,
): Pick<TrackedRead, "resourceType" | "resourceId"> {
  for (const [parameter, resourceType] of named) {
    const resourceId = params[parameter];
    if (resourceId !== undefined) return { resourceType, resourceId };
  }
  if (namespace !== undefined) return { resourceType: "namespace", resourceId: namespace };
  return { resourceType: "organization", resourceId: organizationId };
}
