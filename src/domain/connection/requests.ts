/** What the requests about a connection must look like. Nulls stand for absent. */
import { z } from "zod";
import { apiBaseUrl } from "../bucket/source-adapter.js";
import { limits } from "../limits.js";
import { jsonObject, nameText } from "../schemas.js";
import { statuses } from "../statuses.js";
import { metadata } from "../user-data.js";
import { providerConfig } from "./provider-config.js";

const name = nameText(limits.connectionNameLengthMax);

const optional = {
  /** What kind of account it is, such as `s3` or `mux`. */
  provider_type: nameText(limits.nameLengthMax).nullish(),
  /** Where and as whom to sign in; what proves it is a secret. */
  provider_config: providerConfig.nullish(),
  description: z.string().max(limits.connectionDescriptionLengthMax).nullish(),
  api_base_url: apiBaseUrl.nullish(),
  /** Every value in it is a secret. */
  credentials: jsonObject.nullish(),
  metadata: metadata.nullish(),
};

export const CreateConnectionRequest = z.object({
  name,
  ...optional,
  /** Nothing is tested: this server reaches out to nobody. */
  test_before_save: z.boolean().nullish(),
});

/**
 * A field that is there replaces the whole field; null removes it, or brings its default back. The
 * name stays for a null.
 */
export const PatchConnectionRequest = z.object({
  name: name.nullish(),
  ...optional,
  status: z.enum(statuses).nullish(),
  is_active: z.boolean().nullish(),
});
