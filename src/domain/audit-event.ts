/** What the audit log tells, in the shape of the hosted API (CONTRACT: audit shape). */
import { z } from "zod";
import { Change } from "./change.js";
import { answeredTime } from "./schemas.js";

export const AuditEvent = z.object({
  /** The id of the event, as history has it. */
  audit_id: z.string(),
  timestamp: answeredTime,
  resource_type: z.string(),
  resource_id: z.string(),
  /** The name of the namespace; of what is about none alone, there is none. */
  namespace_id: z.string().optional(),
  action: z.string(),
  actor_id: z.string(),
  /** The access token that it came with, whoever it spoke for. */
  acting_token: z.string().optional(),
  /** Whoever writes comes with a token. */
  actor_type: z.literal("api_key"),
  /** What was refused is no event. */
  status: z.literal("success"),
  changes: z.array(Change),
  ip_address: z.string().optional(),
  user_agent: z.string().optional(),
});
export type AuditEvent = Readonly<z.infer<typeof AuditEvent>>;
