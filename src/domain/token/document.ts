/** What a token is allowed, and how long. */
import { z } from "zod";
import { permissions } from "../permissions.js";

export const TokenDocument = z.object({
  name: z.string(),
  permission: z.enum(permissions),
  /** The namespaces that it opens; absent for all. */
  namespaces: z.array(z.string()).readonly().exactOptional(),
  /** RFC 3339; absent for never. */
  expires_at: z.string().exactOptional(),
  /** RFC 3339; of one that was there before the log told of it. */
  created_at: z.string().exactOptional(),
});
export type TokenDocument = Readonly<z.infer<typeof TokenDocument>>;
