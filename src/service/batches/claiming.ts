/** Hands the batch that waits the longest to a worker. */

import type { BatchWritten, ServedWriteOptions as WriteOptions } from "../../api/index.js";
import { readOptions, WriteFields } from "../../api/options.js";
import { ClaimRequest } from "../../domain/batch/requests.js";
import { anyVersion } from "../../domain/precondition.js";
import { readBody } from "../../domain/request-fields.js";
import type { Asker } from "../asker.js";
import type { ServiceParts } from "../parts.js";
import { withStrictness } from "../write/strictness.js";
import type { Checked } from "../write/writing.js";
import { heldCopy } from "./held-copy.js";
import { answerBatchWritten } from "./operations.js";

/**
 * @returns undefined when no batch waits.
 * @throws CONFLICT in a copy whose timers are held.
 */
export async function claimNext(
  parts: ServiceParts,
  asker: Asker,
  body: unknown,
  given: WriteOptions,
): Promise<BatchWritten | undefined> {
  const { units, newId, holdsTimers } = parts;
  const options = withStrictness(parts, readOptions(WriteFields, given));
  const { json, request, ignoredFields } = readBody(ClaimRequest, body, options.strict);
  const { worker, lease_seconds: seconds } = request;
  if (holdsTimers) throw heldCopy();
  const claimId = newId("clm");
  const operation: Checked<BatchWritten> = {
    call: ["claim_batch", json],
    reason: options.reason,
    precondition: anyVersion,
    command: {
      target: { kind: "next_batch" },
      command: { type: "claim_batch", worker, claimId, leaseMs: seconds * 1_000 },
    },
    render: async (done) => answerBatchWritten(done, ignoredFields),
  };
  const { results } = await units.write(asker, [operation], options);
  return results[0];
}
