/** What the requests about a namespace must look like, as on the hosted API. Nulls stand for absent. */
import { z } from "zod";
import { limits } from "../limits.js";
import { jsonObject, nameText } from "../schemas.js";
import { looksLikeNamespaceId, namespaceForm, namespacePattern } from "./name.js";

const namespaceName = z
  .string()
  .regex(namespacePattern, namespaceForm)
  .refine((name) => !looksLikeNamespaceId(name), "A name must not look like an id.");

const featureExtractor = z.object({
  feature_extractor_name: nameText(limits.nameLengthMax),
  version: nameText(limits.nameLengthMax),
  params: jsonObject.nullish(),
});

const indexTypes = [
  "keyword",
  "integer",
  "float",
  "bool",
  "geo",
  "datetime",
  "text",
  "uuid",
] as const;

const payloadIndex = z.object({
  field_name: nameText(limits.nameLengthMax),
  type: z.enum(indexTypes),
  field_schema: jsonObject.nullish(),
  is_protected: z.boolean().nullish(),
});

const whole = (min: number, max: number) => z.number().int().min(min).max(max).nullish();

const infrastructure = z.object({
  qdrant_collection: z.string().min(3).max(128),
  qdrant_url: z.string().nullish(),
  /** A secret: it is kept, and never answered. */
  qdrant_api_key: z.string().nullish(),
  ray_cluster_id: z
    .string()
    .regex(/^ray_[a-zA-Z0-9_]{3,64}$/)
    .nullish(),
  ray_head_node_url: z.string().nullish(),
  ray_dashboard_url: z.string().nullish(),
  compute_tier: z.enum(["shared", "dedicated_cpu", "dedicated_gpu"]).nullish(),
  max_concurrent_jobs: whole(1, 1_000),
  autoscaling_enabled: z.boolean().nullish(),
  min_workers: whole(0, 100),
  max_workers: whole(1, 100),
  gpu_type: z.string().nullish(),
  gpus_per_worker: whole(0, 8),
  s3_plugin_bucket: z.string().nullish(),
  s3_plugin_prefix: z.string().nullish(),
  max_custom_plugins: whole(0, 100),
  max_custom_models: whole(0, 50),
});

export const namespaceTypes = ["standard", "marketplace"] as const;

/** What can be changed of a namespace once it is there. Nothing here acts on it: it is kept. */
const changeable = {
  description: z.string().nullish(),
  payload_indexes: z.array(payloadIndex).max(limits.objectKeysMax).nullish(),
  auto_create_indexes: z.boolean().nullish(),
  infrastructure: infrastructure.nullish(),
};

export const CreateNamespaceRequest = z.object({
  namespace_name: namespaceName,
  namespace_type: z.enum(namespaceTypes).nullish(),
  feature_extractors: z.array(featureExtractor).max(limits.objectKeysMax).nullish(),
  ...changeable,
});

/** A field that is there replaces the whole field; null removes what may be absent. */
export const PatchNamespaceRequest = z.object({
  /** The one that it has: it cannot be renamed. */
  namespace_name: z.string().nullish(),
  ...changeable,
});
