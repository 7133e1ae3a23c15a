/** Access tokens, as every face knows them. */
import { z } from "zod";
import { namespacePattern } from "../domain/namespace/name.js";
import { type Permission, permissions } from "../domain/permissions.js";
import { timestamp } from "../domain/schemas.js";
import type { TokenRecord } from "../domain/token/record.js";
import { TokenAnswer } from "../domain/token/response.js";
import type { Input } from "./inputs.js";
import type { ServedCaller } from "./writes.js";

export { TokenAnswer };

export const CreateTokenRequest = z.object({
  name: z.string().regex(/^[\w.@:+-]{1,100}$/, "Use 1 to 100 letters, digits and . @ : + - _."),
  permission: z.enum(permissions),
  namespaces: z.array(z.string().regex(namespacePattern)).min(1).max(1_000).nullish(),
  expires_at: timestamp.nullish(),
});
export type CreateTokenInput = Input<typeof CreateTokenRequest>;

/** A token with its new secret, which is shown this once: the mask stands in its place ever after. */
export const CreatedToken = TokenAnswer.extend({ token: z.string() });
export type CreatedToken = z.infer<typeof CreatedToken>;

export interface TokenOptions {
  /**
   * Under which it is done once, for seven days at least, also after a restart. What was done before
   * is answered again with the mask in the place of the secret: `rotate` gives another.
   */
  readonly idempotencyKey?: string | undefined;
  /** Why: kept on the event, at most 1,000 characters. */
  readonly reason?: string | undefined;
}

export interface TokenListOptions {
  /** A position (`@1234`), an RFC 3339 time with offset, or a day: those that opened the store then. */
  readonly asOf?: string | undefined;
}

/** Whether it was done before, under the same key. */
export interface TokenWritten {
  readonly replayed: boolean;
}

export type TokenMade = CreatedToken & TokenWritten;

/** Makes, lists, rotates and revokes the access tokens that open a store to HTTP. */
export interface Tokens<Sent = never> {
  /**
   * Makes a token from `{name, permission, namespaces?, expires_at?}`; it opens at once.
   * @throws VALIDATION_FAILED; ALREADY_EXISTS when the name is taken; IDEMPOTENCY_KEY_REUSED.
   */
  create(body: CreateTokenInput | Sent, options?: TokenOptions): Promise<TokenMade>;
  /**
   * The tokens that there are, also those that have expired; as of a moment of the past, those that opened
   * the store then: neither revoked by then nor expired.
   * @throws BAD_REQUEST; NOT_FOUND for what is beyond the end, or before tokens had events.
   */
  list(options?: TokenListOptions): Promise<readonly TokenAnswer[]>;
  /**
   * Gives the token another secret; from this moment the old one opens nothing.
   * @throws NOT_FOUND, IDEMPOTENCY_KEY_REUSED
   */
  rotate(name: string, options?: TokenOptions): Promise<TokenMade>;
  /** From this moment the token opens nothing. @throws NOT_FOUND, IDEMPOTENCY_KEY_REUSED */
  revoke(name: string, options?: TokenOptions): Promise<TokenWritten>;
}

/** What a server says beside that. */
export interface ServedTokenOptions extends TokenOptions {
  /** Of the request, which makes two of them the same. */
  readonly fingerprint?: string | undefined;
}

export interface ServedTokens<Sent = unknown> extends Tokens<Sent> {
  create(body: CreateTokenInput | Sent, options?: ServedTokenOptions): Promise<TokenMade>;
  rotate(name: string, options?: ServedTokenOptions): Promise<TokenMade>;
  revoke(name: string, options?: ServedTokenOptions): Promise<TokenWritten>;
}

/** By the digests of which secrets a store opens, for one that takes its place. */
export interface HeldTokens {
  /** Those that the operator chose. */
  readonly chosen: readonly TokenRecord[];
  readonly kept: readonly TokenRecord[];
}

/** The tokens as a server needs them, which has to know who comes. */
export interface TokenGate<Sent = unknown> extends ServedTokens<Sent> {
  /** For who asks: the name that is on the events, and whose own the Idempotency-Keys are. */
  as(caller: ServedCaller): ServedTokens;
  /** Writes the events of tokens that were there before the log told of any; done by whoever opens a store. */
  recordKept(): Promise<void>;
  readonly held: HeldTokens;
  /** They open this store as well, and are recorded in it. */
  goOnWith(held: HeldTokens): Promise<void>;
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
