/** Finds the batch that a worker is to process next, and hands it over. */
import { isClaimable } from "../domain/batch/lease.js";
import { ClaimRequest } from "../domain/batch/requests.js";
import type { BatchState } from "../domain/batch/state.js";
import { checkFields, strayFields } from "../domain/bucket/requests.js";
import { BucketsError, isBucketsError } from "../domain/errors.js";
import { toJson } from "../domain/json.js";
import { takesWrites } from "../domain/owned.js";
import { parseBody } from "../domain/schemas.js";
import { answerBatchWritten } from "./batch-operations.js";
import type { BatchWritten, ServedWriteOptions as WriteOptions } from "./interface.js";
import type { ServiceParts } from "./parts.js";
import { anyVersion, type Checked, checkKey, checkReason, type UnitWriter } from "./writing.js";

interface ClaimParts {
  readonly parts: ServiceParts;
  readonly namespace: string;
  readonly units: UnitWriter;
}

/** @returns undefined when no batch waits. */
export async function claimNext(
  { parts, namespace, units }: ClaimParts,
  body: unknown,
  options: WriteOptions,
): Promise<BatchWritten | undefined> {
  checkKey(options);
  checkReason(options.reason);
  const json = toJson(body ?? {});
  const { worker, lease_seconds } = parseBody(ClaimRequest, json);
  const ignoredFields = checkFields(strayFields(json, ClaimRequest), options.strict === true);
  const claimId = parts.newId("clm");
  const command = { type: "claim_batch", worker, claimId, leaseMs: lease_seconds * 1_000 } as const;
  const passed = new Set<string>();
  let next: BatchState | undefined;
  const operation: Checked<BatchWritten> = {
    call: ["claim_batch", json],
    reason: options.reason,
    precondition: anyVersion,
    prepare: async () => {
      next = await nextBatch(parts, namespace, passed);
      if (next === undefined) throw new BucketsError("NOT_FOUND", "No batch waits for a worker.");
      const { batch_id: id, bucket_id: bucket } = next;
      return { target: { kind: "member", bucket, id }, command, secrets: [] };
    },
    render: async (done) => answerBatchWritten(done, ignoredFields),
  };
  for (;;) {
    try {
      return (await units.write([operation], options)).results[0];
    } catch (error) {
      if (!isBucketsError(error) || !isPassedOver(error)) throw error;
      if (next === undefined) return undefined;
      passed.add(next.batch_id);
    }
  }
}

/** True when somebody was faster, or the bucket was closed this moment: on to the next batch. */
function isPassedOver({ code }: BucketsError): boolean {
  return code === "BAD_REQUEST" || code === "BUCKET_LOCKED" || code === "NOT_FOUND";
}

/** The one that was submitted first, of those that may be worked on now. */
async function nextBatch(
  { view, clock, events }: ServiceParts,
  namespace: string,
  passed: ReadonlySet<string>,
): Promise<BatchState | undefined> {
  const now = Math.max(clock(), (await events.head()).recordedAt);
  const isOpen = new Map<string, boolean>();
  for await (const batch of view.openBatches(namespace)) {
    if (passed.has(batch.batch_id) || !isClaimable(batch, now)) continue;
    const { bucket_id: id } = batch;
    if (!isOpen.has(id)) {
      const owner = await view.find(namespace, id);
      isOpen.set(id, owner !== undefined && takesWrites(owner, now));
    }
    if (isOpen.get(id) === true) return batch;
  }
  return undefined;
}
