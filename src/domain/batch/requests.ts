/** What the requests about a batch must look like. Explicit nulls stand for absent fields. */
import { z } from "zod";
import { metadata } from "../bucket/document.js";
import { limits } from "../limits.js";
import { jsonObject, orAbsent } from "../schemas.js";

const id = z.string().min(1).max(limits.nameLengthMax);
const objectIds = z.array(id).min(1).max(limits.batchObjectsMax);
const leaseSeconds = z.number().int().min(1).max(limits.leaseSecondsMax);
const message = z.string().min(1).max(limits.batchMessageLengthMax);
const count = z.number().int().min(0);

export const CreateBatchRequest = z.object({
  object_ids: objectIds,
  metadata: metadata.nullish().transform((value) => value ?? {}),
});

export const AddObjectsRequest = z.object({ object_ids: objectIds });

export const PatchBatchRequest = z.object({
  /** Replaces the whole; null empties it. */
  metadata: metadata.nullish().transform((value) => (value === null ? {} : value)),
});

export const ClaimRequest = z.object({
  worker: z.string().min(1).max(limits.workerNameLengthMax),
  lease_seconds: leaseSeconds,
});

export const ProgressRequest = z.object({
  claim_id: id,
  processed_count: count,
  failed_count: count.nullish().transform((value) => value ?? 0),
  /** Makes the lease last so long from now on. */
  lease_seconds: leaseSeconds.nullish().transform(orAbsent),
});

export const CompleteRequest = z.object({
  claim_id: id,
  result: jsonObject.nullish().transform(orAbsent),
  errors: z
    .array(z.object({ object_id: id, message }))
    .max(limits.batchErrorsMax)
    .nullish()
    .transform((value) => value ?? []),
});

export const FailRequest = z.object({ claim_id: id, error: message });
