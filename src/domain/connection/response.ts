/** A connection as it is answered: its credentials never are. */
import { z } from "zod";
import { ownValue } from "../json.js";
import { answeredTime, jsonObject } from "../schemas.js";
import type { ConnectionState } from "./state.js";

export const ConnectionResponse = z.object({
  connection_id: z.string(),
  name: z.string(),
  provider_type: z.string().optional(),
  description: z.string().optional(),
  api_base_url: z.string().optional(),
  /** Whether there are any; what they are is told to nobody. */
  has_credentials: z.boolean(),
  metadata: jsonObject,
  created_at: answeredTime,
  updated_at: answeredTime,
});
export type ConnectionResponse = Readonly<z.infer<typeof ConnectionResponse>>;

export function renderConnection(state: ConnectionState): ConnectionResponse {
  const { credentials, ...document } = state.document;
  return ConnectionResponse.parse({
    ...document,
    connection_id: state.connection_id,
    has_credentials: credentials !== undefined,
    metadata: ownValue(document, "metadata") ?? {},
    created_at: state.created_at,
    updated_at: state.updated_at,
  });
}
