/** Access tokens, as every face knows them. */
import { z } from "zod";
import { type Permission, permissions } from "../../domain/permissions.js";
import { answeredTime } from "../../domain/schemas.js";

/** A token without its secret, which is kept nowhere. */
export const TokenAnswer = z.object({
  name: z.string(),
  permission: z.enum(permissions),
  /** The namespaces that it opens; absent for all. */
  namespaces: z.array(z.string()).optional(),
  created_at: answeredTime,
  expires_at: answeredTime.optional(),
});
export type TokenAnswer = z.infer<typeof TokenAnswer>;

/** A new token with its secret, which is shown this once. */
export const CreatedToken = TokenAnswer.extend({ token: z.string() });
export type CreatedToken = z.infer<typeof CreatedToken>;

/** Makes, lists and revokes the access tokens that open a store to HTTP. */
export interface Tokens {
  /**
   * Makes a token from `{name, permission, namespaces?, expires_at?}`; it opens at once.
   * @throws VALIDATION_FAILED; ALREADY_EXISTS when the name is taken.
   */
  create(body: unknown): Promise<CreatedToken>;
  list(): Promise<readonly TokenAnswer[]>;
  /** From this moment the token opens nothing. @throws NOT_FOUND */
  revoke(name: string): Promise<void>;
}

/** The tokens as a server needs them, which has to know who comes. */
export interface TokenGate extends Tokens {
  readonly count: number;
  /**
   * Accepts a secret that the operator chose, for as long as the process lives; of an admin token
   * named `admin` unless said otherwise.
   * @throws BAD_REQUEST unless it has 16 to 512 visible ASCII characters.
   */
  accept(secret: string, name?: string, permission?: Permission): void;
  /** The token with that secret, unless it has expired. */
  authenticate(secret: string): Token | undefined;
}

export interface Token {
  readonly name: string;
  readonly permission: Permission;
  /** Null for all. */
  readonly namespaces: readonly string[] | null;
}
