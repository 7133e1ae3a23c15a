/** What the requests about a batch must look like. Explicit nulls stand for absent fields. */
import { z } from "zod";
import { withoutAbsent } from "../json.js";
import { limits } from "../limits.js";
import { jsonObject, nameText, orAbsent } from "../schemas.js";
import { metadata } from "../user-data.js";
import { retryModes } from "./events.js";
import { errorCategories, ObjectError } from "./failures.js";

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

export const SubmitRequest = z.object({
  /** Nothing of it has a meaning here: what processed a batch is in its history. */
  include_processing_history: z.boolean().nullish(),
});

export const ClaimRequest = z.object({
  worker: nameText(limits.workerNameLengthMax),
  lease_seconds: leaseSeconds,
});

export const ProgressRequest = z.object({
  claim_id: id,
  processed_count: count,
  failed_count: count.nullish().transform((value) => value ?? 0),
  /** Makes the lease last so long from now on. */
  lease_seconds: leaseSeconds.nullish().transform(orAbsent),
});

const errorType = z.enum(errorCategories).nullish().transform(orAbsent);
const told = message.nullish().transform(orAbsent);

/** What went wrong with objects, and what kind of fault it was. */
const objectErrors = z
  .array(
    z
      .object({
        object_id: id,
        message,
        error_type: errorType,
        component: told,
        stage: told,
        traceback: told,
        recovery_suggestion: told,
        affected_document_ids: z
          .array(id)
          .max(limits.batchObjectsMax)
          .nullish()
          .transform(orAbsent),
      })
      .transform((error) => ObjectError.parse(withoutAbsent(error))),
  )
  .max(limits.batchErrorsMax)
  .nullish()
  .transform((value) => value ?? []);

export const CompleteRequest = z.object({
  claim_id: id,
  result: jsonObject.nullish().transform(orAbsent),
  errors: objectErrors,
});

export const FailRequest = z.object({
  claim_id: id,
  error: message,
  error_type: errorType,
  errors: objectErrors,
});

export const RetryRequest = z.object({
  retry_mode: z
    .enum(retryModes)
    .nullish()
    .transform((value) => value ?? "transient_only"),
  /** A batch has one tier here, which is the first. */
  tier_nums: z.array(z.literal(0)).min(1).nullish(),
  max_retry_count: z
    .number()
    .int()
    .min(1)
    .max(limits.batchRetriesMax)
    .nullish()
    .transform((value) => value ?? limits.batchRetriesDefault),
});
