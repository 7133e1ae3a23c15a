/** What becomes of the object that a delivery is about, as an operation, or why nothing does. */
import type { ObjectWritten } from "../../api/index.js";
import { type BucketState, schemaOf } from "../../domain/bucket/state.js";
import type { DeliveryFacts } from "../../domain/delivery/commands.js";
import { validationFailed } from "../../domain/errors.js";
import { type KnownDelivery, mapDelivery } from "../../domain/ingest/mapping.js";
import { checkFetchUrl } from "../../domain/ingest/ssrf.js";
import { type JsonObject, withoutAbsent } from "../../domain/json.js";
import type { SourceRow } from "../../domain/object/commands.js";
import { userFields } from "../../domain/object/document.js";
import { isUserField } from "../../domain/object/own-fields.js";
import { anyVersion } from "../../domain/precondition.js";
import { answerObjectWritten, checkObjectOperation } from "../objects/operations.js";
import type { ServiceParts } from "../parts.js";
import type { Checked } from "../write/writing.js";
import type { Adapted } from "./adapted.js";

type DeliveredObject =
  | { readonly kind: "ignored"; readonly reason: string }
  | {
      readonly kind: "changed" | "removed";
      readonly operation: Checked<ObjectWritten>;
      readonly identity: string | undefined;
    };

/** @throws VALIDATION_FAILED for a payload that cannot be mapped, and what its object is refused with. */
export function deliveredObject(
  parts: ServiceParts,
  { owner, config }: Adapted,
  { facts, issues }: KnownDelivery,
  payload: JsonObject,
  isDry: boolean,
): DeliveredObject {
  const mapping = mapDelivery(config, schemaOf(owner.document), payload);
  if (mapping.kind === "ignored") return { kind: "ignored", reason: mapping.reason };
  if (issues.length > 0) throw validationFailed(issues);
  const { former } = mapping;
  if (mapping.kind === "removed") {
    const row = { ...mapping.former, fields: placed(mapping.former.fields) };
    const operation = removal(parts, owner, row, facts);
    return { kind: "removed", operation, identity: row.identity };
  }
  const { identity, fields } = mapping;
  const blobs = mapping.blobs.map(({ property, type, url }) => {
    checkFetchUrl(url, ["body", property], parts.fetchPolicy);
    return { property, type, data: url };
  });
  const source = withoutAbsent({ identity, time: facts.sourceTime });
  const operation = checkObjectOperation(
    parts,
    owner,
    {
      type: "create_object",
      bucket: owner.bucket_id,
      body: { ...placed(fields), ...(blobs.length > 0 && { blobs }) },
      ...(owner.unique_key !== undefined && { policy: "upsert" }),
    },
    isDry,
    { source, ...(former && { former: { ...former, fields: placed(former.fields) } }) },
  );
  return { kind: "changed", operation, identity };
}

function removal(
  { newId }: ServiceParts,
  { bucket_id: bucket }: BucketState,
  former: SourceRow,
  { sourceTime }: DeliveryFacts,
): Checked<ObjectWritten> {
  // The id is never used: without an object nothing is removed.
  const target = { kind: "new_member", bucket, id: newId("obj") } as const;
  const source = withoutAbsent({ time: sourceTime });
  return {
    call: ["remove_object", bucket, withoutAbsent({ ...former })],
    reason: undefined,
    precondition: anyVersion,
    command: { target, command: { type: "remove_object", former, source } },
    render: async (done) => answerObjectWritten(done, []),
  };
}

/** Fields whose names requests use themselves have their place in `metadata`. */
function placed(fields: JsonObject): JsonObject {
  const entries = Object.entries(fields);
  const others = entries.filter(([name]) => !isUserField(name));
  return {
    ...userFields(fields),
    ...(others.length > 0 && { metadata: Object.fromEntries(others) }),
  };
}
