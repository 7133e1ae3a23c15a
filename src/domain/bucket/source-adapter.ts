/** The configuration of push ingestion on a bucket (CONTRACT: source adapters). */
import { z } from "zod";
import type { JsonObject } from "../json.js";
import { limits } from "../limits.js";
import { jsonObject } from "../schemas.js";
import { adapterTypes, blobTypes } from "./choices.js";

const dottedPath = z.string().min(1).max(1_024);

export const apiBaseUrl = z
  .url({ protocol: /^https?$/, error: "Send an http or https URL." })
  .refine(
    (text) => !URL.canParse(text) || hasNoUserInfo(new URL(text)),
    "Leave user and password out of the URL: credentials have a field of their own.",
  );

const Connection = z
  .object({
    api_base_url: apiBaseUrl,
    credentials: jsonObject.nullish(),
  })
  .transform(withoutNulls);

function hasNoUserInfo(url: URL): boolean {
  return url.username === "" && url.password === "";
}

const Batching = z.object({
  mode: z
    .enum(["time_window", "immediate", "size", "manual"])
    .nullish()
    .transform(orElse("time_window")),
  window_seconds: z.number().int().min(1).max(86_400).nullish().transform(orElse(30)),
  max_batch_size: z.number().int().min(1).max(10_000).nullish().transform(orElse(100)),
  auto_submit: z.boolean().nullish().transform(orElse(true)),
});

const fieldMapping = jsonObject
  .refine(
    (mapping) => Object.values(mapping).every((path) => typeof path === "string" && path !== ""),
    "Map each object field to a dotted path in the payload.",
  )
  .meta({ type: "object", additionalProperties: { type: "string" } });

const webhookSecretRule =
  `Send ${limits.webhookSecretLengthMin} to ${limits.webhookSecretLengthMax} printable characters ` +
  "of ASCII, or leave it out to have a secret made.";

/** A secret that somebody thought of: a shorter one is guessed, and others do not fit in a header. */
export const WebhookSecret = z
  .string()
  .min(limits.webhookSecretLengthMin, webhookSecretRule)
  .max(limits.webhookSecretLengthMax, webhookSecretRule)
  .regex(/^[ -~]*$/, webhookSecretRule);

const Fields = z.object({
  adapter_type: z.enum(adapterTypes),
  enabled: z.boolean().nullish().transform(orElse(true)),
  connection_id: z.string().min(1).max(255).nullish(),
  connection: Connection.nullish(),
  event_filter: z
    .object({ event_types: z.array(z.string().min(1)).max(1_000).nullish() })
    .nullish(),
  field_mapping: fieldMapping.nullish(),
  blob_source: z
    .object({
      file_field: dottedPath,
      target_property: z.string().min(1).max(100),
      blob_type: z.enum(blobTypes).nullish().transform(orElse("video")),
    })
    .nullish(),
  batching: Batching.nullish(),
  dedup_key: dottedPath.nullish(),
  // What was sent has been checked before it was sealed; this is what refers to it.
  webhook_secret: z.string().min(1).max(limits.webhookSecretLengthMax).nullish(),
});

/** What of a kept adapter decides how a delivery is mapped. */
export const MappingConfig = Fields.pick({
  adapter_type: true,
  event_filter: true,
  field_mapping: true,
  blob_source: true,
  dedup_key: true,
});
export type MappingConfig = Readonly<z.infer<typeof MappingConfig>>;
/** What of a kept adapter decides what becomes of a delivery beside that. */
export const IngestConfig = Fields.pick({ enabled: true, batching: true });

export type AdapterType = MappingConfig["adapter_type"];

/**
 * The adapter as it is kept: defaults filled in, nulls and unknown keys left out. Secrets are
 * references or masks by the time they get here (`secrets.ts`).
 */
export const SourceAdapter = Fields.refine(
  (adapter) => !(adapter.connection_id && adapter.connection),
  "Send either connection_id or connection, not both.",
).transform(withoutNulls);

/** The keys that a request may send, as a tree: `true` where whatever is below is the user's own. */
export const sourceAdapterKeys = {
  adapter_type: true,
  enabled: true,
  connection_id: true,
  connection: { api_base_url: true, credentials: true },
  event_filter: { event_types: true },
  field_mapping: true,
  blob_source: { file_field: true, target_property: true, blob_type: true },
  batching: { mode: true, window_seconds: true, max_batch_size: true, auto_submit: true },
  dedup_key: true,
  webhook_secret: true,
} as const;

function orElse<T>(fallback: NoInfer<T>): (value: T | null | undefined) => T {
  return (value) => value ?? fallback;
}

/** The configuration's own nulls mean absence; nulls inside credentials are data. */
function withoutNulls(object: object): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => (value ?? null) !== null));
}
