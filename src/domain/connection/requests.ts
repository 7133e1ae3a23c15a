/** What the requests about a connection must look like. */
import { z } from "zod";
import { metadata } from "../bucket/document.js";
import { apiBaseUrl } from "../bucket/source-adapter.js";
import { limits } from "../limits.js";
import { jsonObject } from "../schemas.js";

const name = z.string().min(1).max(limits.nameLengthMax);

const optional = {
  /** What kind of account it is, such as `mux`. */
  provider_type: z.string().min(1).max(limits.nameLengthMax).nullish(),
  description: z.string().nullish(),
  api_base_url: apiBaseUrl.nullish(),
  /** Every value in it is a secret. */
  credentials: jsonObject.nullish(),
  metadata: metadata.nullish(),
};

export const CreateConnectionRequest = z.object({ name, ...optional });

/** A field that is there replaces the whole field; null removes it. */
export const PatchConnectionRequest = z.object({ name: name.optional(), ...optional });
