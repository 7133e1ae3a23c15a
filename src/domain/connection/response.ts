/** What a connection is answered as, with the fields of the hosted API: its credentials never are. */
import { z } from "zod";
import { answeredTime, jsonObject } from "../schemas.js";
import { statuses } from "../statuses.js";

export const ConnectionResponse = z.object({
  connection_id: z.string(),
  internal_id: z.string(),
  /** The name of the namespace that it is recorded in. */
  namespace_id: z.string(),
  name: z.string(),
  provider_type: z.string().optional(),
  /** With masks in the place of what proves who signs in. */
  provider_config: jsonObject,
  description: z.string().optional(),
  api_base_url: z.string().optional(),
  /** Whether there are any; what they are is told to nobody. */
  has_credentials: z.boolean(),
  status: z.enum(statuses),
  is_active: z.boolean(),
  /** Nothing here ever signs in anywhere, and so nothing fails. */
  last_used_at: answeredTime.optional(),
  last_error: z.string().optional(),
  consecutive_failures: z.literal(0),
  created_by_user_id: z.string().meta({
    description: "The actor; `unknown` of one that was made before this was kept.",
  }),
  metadata: jsonObject,
  created_at: answeredTime,
  updated_at: answeredTime,
});
export type ConnectionResponse = Readonly<z.infer<typeof ConnectionResponse>>;
