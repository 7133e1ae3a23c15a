/** A bucket as it is answered (CONTRACT: buckets, response): a view of its state at a moment. */
import { z } from "zod";
import { isJsonObject, type JsonObject, ownValue, withKey, withoutAbsent } from "../json.js";
import { limits } from "../limits.js";
import { answeredTime, totalBytes } from "../schemas.js";
import { statuses } from "../statuses.js";
import { UniqueKey } from "./bucket-schema.js";
import { CreateBucketRequest, keptFields } from "./document.js";
import { isLockLapsed, lockAt } from "./lock.js";
import { bucketSecrets } from "./secrets.js";
import { type BucketState, isActive } from "./state.js";
import { BatchStats, type BucketStats } from "./stats.js";

const count = z.number().int().min(0);

const StorageStats = z.object({
  total_size_bytes: totalBytes,
  avg_size_bytes: totalBytes,
  max_size_bytes: totalBytes,
  min_size_bytes: totalBytes,
});

export const BucketResponse = z.object({
  bucket_id: z.string(),
  ...keptFields,
  unique_key: UniqueKey.optional(),
  object_count: count,
  total_size_bytes: totalBytes,
  created_at: answeredTime,
  updated_at: answeredTime,
  last_upload_at: answeredTime.optional(),
  stats_updated_at: answeredTime,
  status: z.enum(statuses),
  is_locked: z.boolean(),
  batch_stats: BatchStats,
  storage_stats: StorageStats,
});
export type BucketResponse = Readonly<z.infer<typeof BucketResponse>>;

/** Fields that only the server sets: a client may send them back, they are ignored by name. */
export const readOnlyFields: readonly string[] = Object.keys(BucketResponse.shape).filter(
  (name) => !Object.hasOwn(CreateBucketRequest.shape, name),
);

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
  const totalSizeBytes = Number(stats.totalSizeBytes);
  return withoutAbsent({
    ...document,
    bucket_id: state.bucket_id,
    unique_key: state.unique_key && uniqueKeyFields(state.unique_key),
    object_count: stats.objectCount,
    total_size_bytes: totalSizeBytes,
    created_at: state.created_at,
    updated_at: state.updated_at,
    last_upload_at: stats.lastUploadAt,
    stats_updated_at: stats.updatedAt ?? state.created_at,
    status: state.status,
    is_locked: lockAt(state, viewpoint.at) !== undefined,
    batch_stats: stats.batches,
    storage_stats: {
      total_size_bytes: totalSizeBytes,
      avg_size_bytes: stats.objectCount === 0 ? 0 : Math.floor(totalSizeBytes / stats.objectCount),
      max_size_bytes: stats.maxSizeBytes,
      min_size_bytes: stats.minSizeBytes,
    },
    source_adapter: isJsonObject(adapter) ? renderAdapter(adapter, state, viewpoint) : undefined,
  });
}

/** Whether it is answered in the same way at any moment, and to all, until its next event. */
export function isLasting({ lock, retired_secrets: retired, document }: BucketState): boolean {
  const adapter = ownValue(document, "source_adapter");
  return lock === undefined && retired === undefined && adapter === undefined;
}

function uniqueKeyFields({ fields, default_policy: policy }: UniqueKey): JsonObject {
  return { fields, ...(policy !== undefined && { default_policy: policy }) };
}

function renderAdapter(adapter: JsonObject, state: BucketState, viewpoint: Viewpoint): JsonObject {
  const masked = bucketSecrets.mask(adapter, ["source_adapter"]);
  const shown = isJsonObject(masked) ? masked : {};
  const { revealedSecret } = viewpoint;
  const retired = (state.retired_secrets ?? []).filter((one) => isActive(one, viewpoint.at));
  const overlapEndsAt = retired
    .map((secret) => secret.valid_until)
    .sort()
    .at(-1);
  const isRevealed =
    revealedSecret !== undefined &&
    ownValue(adapter, "webhook_secret") === revealedSecret.reference;
  return {
    ...(isRevealed ? withKey(shown, "webhook_secret", revealedSecret.value) : shown),
    ...(overlapEndsAt !== undefined && {
      previous_secret_valid_until: overlapEndsAt,
      previous_secrets: { count: retired.length, limit: limits.retiredSecretsMax },
    }),
    webhook_url: `${viewpoint.publicUrl}/v1/ingest/${state.bucket_id}`,
  };
}

/**
 * The strong entity tag of the bucket without quotes (CONTRACT: writing with care): the version,
 * the position of its statistics, `.u` once a lock has lapsed, and `.r` for each secret that was
 * replaced and is not taken any more.
 */
export function bucketTag(state: BucketState, stats: BucketStats, at: number): string {
  const lock = isLockLapsed(state, at) ? ".u" : "";
  const { retired_secrets: retired = [] } = state;
  const secrets = retired.filter((one) => !isActive(one, at)).map(() => ".r");
  return `${state.version}.${stats.position}${lock}${secrets.join("")}`;
}
