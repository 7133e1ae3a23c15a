/** What the requests about a sync must look like, as on the hosted API. Nulls stand for absent. */
import { z } from "zod";
import { isJsonObject } from "../json.js";
import { limits } from "../limits.js";
import { nameText } from "../schemas.js";
import { statuses } from "../statuses.js";
import { metadata } from "../user-data.js";

export const syncModes = ["initial_only", "continuous"] as const;

/** Where a value or a blob comes from, by the fields that each kind of source needs. */
const sources = z.discriminatedUnion("type", [
  z.object({ type: z.literal("tag"), key: nameText(128) }),
  z.object({ type: z.literal("metadata"), key: nameText(1_024) }),
  z.object({
    type: z.literal("filename_regex"),
    pattern: nameText(limits.filterPatternLengthMax),
    default: z.string().nullish(),
  }),
  z.object({ type: z.literal("column"), name: nameText(limits.keyLengthMax) }),
  z.object({ type: z.literal("drive_property"), key: nameText(limits.keyLengthMax) }),
  z.object({
    type: z.literal("folder_path"),
    segment: z.number().int().nullish(),
    full_path: z.boolean().nullish(),
  }),
  z.object({ type: z.literal("file") }),
  z.object({ type: z.literal("constant"), value: z.unknown() }),
  z.object({ type: z.literal("rss_field"), field: z.string() }),
]);

const fieldMapping = z.object({
  target_type: z.literal("field"),
  source: sources,
  transform: z.string().nullish(),
  required: z.boolean().nullish(),
});

const blobTypes = ["auto", "image", "video", "audio", "text", "pdf", "excel"] as const;

const blobMapping = z.object({
  target_type: z.literal("blob"),
  source: sources,
  blob_type: z.enum(blobTypes).nullish(),
  blob_property: nameText(limits.blobPropertyLengthMax).nullish(),
  mime_type_override: z.string().nullish(),
});

/** One that does not say which it is maps a field. */
const mapping = z.preprocess(
  (sent) => (isJsonObject(sent) ? { target_type: "field", ...sent } : sent),
  z.discriminatedUnion("target_type", [fieldMapping, blobMapping]),
);

const schemaMapping = z.object({ mappings: z.record(z.string(), mapping) });

const fileFilters = z.object({
  include_patterns: z.array(z.string()).nullish(),
  exclude_patterns: z.array(z.string()).nullish(),
  min_size_bytes: z.number().int().min(0).nullish(),
  max_size_bytes: z.number().int().min(0).nullish(),
  modified_after: z.string().nullish(),
  modified_before: z.string().nullish(),
  mime_types: z.array(z.string()).nullish(),
});

/** What can be changed of a sync once it is there. */
const changeable = {
  description: z.string().nullish(),
  schema_mapping: schemaMapping.nullish(),
  polling_interval_seconds: z.number().int().min(30).max(900).nullish(),
  batch_size: z.number().int().min(1).max(100).nullish(),
  skip_batch_submission: z.boolean().nullish(),
  metadata: metadata.nullish(),
};

export const CreateSyncRequest = z.object({
  connection_id: nameText(limits.nameLengthMax),
  source_path: nameText(limits.keyLengthMax),
  sync_mode: z.enum(syncModes).nullish(),
  file_filters: fileFilters.nullish(),
  ...changeable,
});

/** A field that is there replaces the whole field; null brings its default back. */
export const PatchSyncRequest = z.object({
  status: z.enum(statuses).nullish(),
  is_active: z.boolean().nullish(),
  ...changeable,
});
