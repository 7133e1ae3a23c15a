/** A token as it is answered: without its secret, which is kept nowhere. */
import { z } from "zod";
import { permissions } from "../permissions.js";
import { answeredTime } from "../schemas.js";
import { madeAt, type TokenState } from "./state.js";

export const TokenAnswer = z.object({
  /** That of its events; absent of one that the log does not tell of yet. */
  token_id: z.string().optional(),
  name: z.string(),
  permission: z.enum(permissions),
  /** The namespaces that it opens; absent for all. */
  namespaces: z.array(z.string()).optional(),
  created_at: answeredTime,
  expires_at: answeredTime.optional(),
});
export type TokenAnswer = z.infer<typeof TokenAnswer>;

export function renderToken(state: TokenState): TokenAnswer {
  const { name, permission, namespaces, expires_at } = state.document;
  return {
    token_id: state.token_id,
    name,
    permission,
    ...(namespaces !== undefined && { namespaces: [...namespaces] }),
    created_at: madeAt(state),
    ...(expires_at !== undefined && { expires_at }),
  };
}
