/**
 * What a connection is told about the service that it is to (`provider_config`), and what of that may
 * be shown. Whatever is not known to be harmless is a secret: providers that nobody here knows put
 * their keys where they like.
 */
import { z } from "zod";
import { isJsonObject, type JsonObject } from "../json.js";
import { addIssues, parseWith } from "../schemas.js";
import type { SecretPlace } from "../secrets.js";

const text = z.string().nullish();
const texts = z.array(z.string()).nullish();
const whole = z.number().int().nullish();
const flag = z.boolean().nullish();

/** Says who signs in, and how; what proves it is not among it. */
const openCredentials = z.looseObject({
  type: text,
  access_key_id: text,
  client_email: text,
  client_id: text,
  instagram_user_id: text,
  instagram_username: text,
  open_id: text,
  project_id: text,
  role_arn: text,
  tenant_id: text,
  token_expires_at: text,
  username: text,
});

/** A URL may hold a password. */
const address = text.refine(
  (url) => !url || !URL.canParse(url) || new URL(url).username + new URL(url).password === "",
  "Leave user and password out of the URL: credentials have a field of their own.",
);

const openConfig = z.looseObject({
  provider_type: text,
  account: text,
  business_account_id: text,
  database: text,
  drive_id: text,
  endpoint_url: address,
  fetch_size: whole,
  folder_path: text,
  host: text,
  impersonate_user: text,
  incremental_column: text,
  port: whole,
  primary_key_columns: texts,
  query_timeout_seconds: whole,
  region: text,
  request_timeout: whole,
  role: text,
  schema: text,
  scopes: texts,
  shared_drive_id: text,
  site_id: text,
  ssl_mode: text,
  use_ssl: flag,
  user_agent: text,
  verify_ssl: flag,
  warehouse: text,
  credentials: openCredentials.nullish(),
});

/** As it was sent: what fits nowhere is kept all the same, as a secret. */
export const providerConfig = z
  .custom<JsonObject>((value) => isJsonObject(value), { error: "Send a JSON object." })
  .superRefine((value, context) => {
    addIssues(context, parseWith(openConfig, value, []).issues ?? []);
  })
  .meta({ type: "object", additionalProperties: true });

const { credentials: _, ...shown } = openConfig.shape;

/** Each value in it but those which are known to be none is a secret. */
export const providerSecrets: SecretPlace = {
  at: ["provider_config"],
  isOne: false,
  open: [
    ...Object.keys(shown).map((name) => ["provider_config", name]),
    ...Object.keys(openCredentials.shape).map((name) => ["provider_config", "credentials", name]),
  ],
};
