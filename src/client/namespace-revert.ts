/** Putting a namespace back over HTTP. */
import type { NamespaceReverted, NamespaceRevertOptions } from "../api/index.js";
import { NamespaceRevertFields, readOptions } from "../api/options.js";
import { toJson } from "../domain/json.js";
import { placeHeaders, segment } from "./place.js";
import type { Requests } from "./requests.js";
import { answerWith } from "./shapes.js";

const Reverted = answerWith<NamespaceReverted>({ resources: "list", dry_run: "boolean" });

/** Sent once: what was done of it shows when it is asked for again. */
export async function revertRemotely(
  { transport, place }: Requests,
  namespace: string,
  given: NamespaceRevertOptions,
): Promise<NamespaceReverted> {
  const { asOf, dryRun, reason, ifPosition } = readOptions(NamespaceRevertFields, given);
  const call = {
    kind: "write",
    retries: 0,
    method: "POST",
    path: `/v1/admin/namespaces/${segment(namespace)}/revert`,
    json: toJson({
      as_of: asOf,
      reason: reason ?? null,
      dry_run: dryRun === true,
      if_position: ifPosition ?? null,
    }),
    headers: placeHeaders(place),
  } as const;
  return (await transport.json(call, Reverted)).body;
}
