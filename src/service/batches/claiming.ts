/** Finds the batch that a worker is to process next, and hands it over. */

import type { BatchWritten, ServedWriteOptions as WriteOptions } from "../../api/index.js";
import { readOptions, WriteFields } from "../../api/options.js";
import { isClaimable } from "../../domain/batch/lease.js";
import { ClaimRequest } from "../../domain/batch/requests.js";
import type { BatchState } from "../../domain/batch/state.js";
import { type BucketsError, isBucketsError } from "../../domain/errors.js";
import { anyVersion } from "../../domain/precondition.js";
import { readBody } from "../../domain/request-fields.js";
import { ownerTakes } from "../../domain/resource.js";
import type { Asker } from "../asker.js";
import type { ServiceParts } from "../parts.js";
import type { Checked } from "../write/writing.js";
import { answerBatchWritten } from "./operations.js";

/** @returns undefined when no batch waits. */
export async function claimNext(
  parts: ServiceParts,
  asker: Asker,
  body: unknown,
  given: WriteOptions,
): Promise<BatchWritten | undefined> {
  const { units, newId } = parts;
  const options = readOptions(WriteFields, given);
  const { json, request, ignoredFields } = readBody(ClaimRequest, body, options.strict);
  const call = ["claim_batch", json];
  const { worker, lease_seconds: seconds } = request;
  const claimId = newId("clm");
  const command = { type: "claim_batch", worker, claimId, leaseMs: seconds * 1_000 } as const;
  const passed = new Set<string>();
  for (;;) {
    const next = await nextBatch(parts, asker.namespace, passed);
    if (next === undefined) {
      const [done] = await units.findDone(asker, call, options);
      return done && answerBatchWritten(done, ignoredFields);
    }
    const { batch_id: id, bucket_id: bucket } = next;
    const operation: Checked<BatchWritten> = {
      call,
      reason: options.reason,
      precondition: anyVersion,
      command: { target: { kind: "member", bucket, id }, command },
      render: async (done) => answerBatchWritten(done, ignoredFields),
    };
    try {
      return await units.writeOne(asker, operation, options);
    } catch (error) {
      if (!isBucketsError(error) || !isPassedOver(error)) throw error;
      passed.add(id);
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
      const isThere = owner !== undefined && owner.deleted === undefined;
      isOpen.set(id, isThere && ownerTakes("batch", owner, now));
    }
    if (isOpen.get(id) === true) return batch;
  }
  return undefined;
}
