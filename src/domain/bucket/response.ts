/** A bucket as it is answered (CONTRACT: buckets, response): a view of its state at a moment. */
import { z } from "zod";
import { isJsonObject, type JsonObject, ownValue, withKey, withoutAbsent } from "../json.js";
import { answeredTime, jsonObject } from "../schemas.js";
import { UniqueKey } from "./bucket-schema.js";
import { storageClasses } from "./document.js";
import { isLockLapsed, lockAt } from "./lock.js";
import { maskSecrets } from "./secrets.js";
import { type BucketState, isActive, nameOf } from "./state.js";
import { BatchStats, type BucketStats } from "./stats.js";

/** The status enum of the contract, shared by buckets, batches and tasks. */
export const statuses = [
  "PENDING",
  "QUEUED",
  "IN_PROGRESS",
  "PROCESSING",
  "COMPLETED",
  "COMPLETED_WITH_ERRORS",
  "FAILED",
  "CANCELED",
  "INTERRUPTED",
  "UNKNOWN",
  "SKIPPED",
  "DRAFT",
  "ACTIVE",
  "ARCHIVED",
  "SUSPENDED",
] as const;

const count = z.number().int().min(0);

const StorageStats = z.object({
  total_size_bytes: count,
  avg_size_bytes: z.number().min(0),
  max_size_bytes: count,
  min_size_bytes: count,
});

export const BucketResponse = z.object({
  bucket_id: z.string(),
  bucket_name: z.string(),
  description: z.string().optional(),
  bucket_schema: jsonObject,
  unique_key: UniqueKey.optional(),
  metadata: jsonObject,
  storage_class: z.enum(storageClasses).optional(),
  object_count: count,
  total_size_bytes: count,
  created_at: answeredTime,
  updated_at: answeredTime,
  last_upload_at: answeredTime.optional(),
  stats_updated_at: answeredTime,
  status: z.enum(statuses),
  is_locked: z.boolean(),
  batch_stats: BatchStats,
  storage_stats: StorageStats,
  source_adapter: jsonObject.optional(),
});
export type BucketResponse = Readonly<z.infer<typeof BucketResponse>>;

/** Where and when an answer is given. */
export interface Viewpoint {
  /** The moment that the answer is about, milliseconds: now, or one in the past. */
  readonly at: number;
  /** The origin and base path of the server for `webhook_url`; empty in the library. */
  readonly publicUrl: string;
  /** A webhook secret that this request made: shown this once (CONTRACT: source adapters). */
  readonly revealedSecret?: { readonly reference: string; readonly value: string } | undefined;
}

export function renderBucket(
  state: BucketState,
  stats: BucketStats,
  viewpoint: Viewpoint,
): BucketResponse {
  return BucketResponse.parse(bucketFields(state, stats, viewpoint));
}

/** The answer before it is checked, which a list needs of every bucket that it looks at. */
export function bucketFields(
  state: BucketState,
  stats: BucketStats,
  viewpoint: Viewpoint,
): JsonObject {
  const { document } = state;
  const adapter = ownValue(document, "source_adapter");
  return withoutAbsent({
    bucket_id: state.bucket_id,
    bucket_name: nameOf(state),
    description: document["description"],
    bucket_schema: document["bucket_schema"],
    unique_key: state.unique_key && uniqueKeyFields(state.unique_key),
    metadata: document["metadata"],
    storage_class: document["storage_class"],
    object_count: stats.objectCount,
    total_size_bytes: stats.totalSizeBytes,
    created_at: state.created_at,
    updated_at: state.updated_at,
    last_upload_at: stats.lastUploadAt,
    stats_updated_at: stats.updatedAt ?? state.created_at,
    status: state.status,
    is_locked: lockAt(state, viewpoint.at) !== undefined,
    batch_stats: stats.batches,
    storage_stats: {
      total_size_bytes: stats.totalSizeBytes,
      avg_size_bytes: stats.objectCount === 0 ? 0 : stats.totalSizeBytes / stats.objectCount,
      max_size_bytes: stats.maxSizeBytes,
      min_size_bytes: stats.minSizeBytes,
    },
    source_adapter: isJsonObject(adapter) ? renderAdapter(adapter, state, viewpoint) : undefined,
  });
}

function uniqueKeyFields({ fields, default_policy: policy }: UniqueKey): JsonObject {
  return { fields, ...(policy !== undefined && { default_policy: policy }) };
}

function renderAdapter(adapter: JsonObject, state: BucketState, viewpoint: Viewpoint): JsonObject {
  const masked = maskSecrets(adapter, ["source_adapter"]);
  const shown = isJsonObject(masked) ? masked : {};
  const { revealedSecret } = viewpoint;
  const overlapEndsAt = overlapEnd(state, viewpoint.at);
  const isRevealed =
    revealedSecret !== undefined &&
    ownValue(adapter, "webhook_secret") === revealedSecret.reference;
  return {
    ...(isRevealed ? withKey(shown, "webhook_secret", revealedSecret.value) : shown),
    ...(overlapEndsAt !== undefined && { previous_secret_valid_until: overlapEndsAt }),
    webhook_url: `${viewpoint.publicUrl}/v1/ingest/${state.bucket_id}`,
  };
}

/** Until when a webhook secret that was replaced is taken as well, if any still is. */
function overlapEnd({ retired_secrets: retired = [] }: BucketState, at: number) {
  return retired
    .filter((secret) => isActive(secret, at))
    .map((secret) => secret.valid_until)
    .sort()
    .at(-1);
}

/**
 * The strong entity tag of the bucket without quotes (CONTRACT: writing with care): the version,
 * the position of its statistics, `.u` once a lock has lapsed, and `.r` once a secret that was
 * replaced is not taken any more.
 */
export function bucketTag(state: BucketState, stats: BucketStats, at: number): string {
  const lock = isLockLapsed(state, at) ? ".u" : "";
  const { retired_secrets: retired = [] } = state;
  const secret = retired.every((one) => isActive(one, at)) ? "" : ".r";
  return `${state.version}.${stats.position}${lock}${secret}`;
}
