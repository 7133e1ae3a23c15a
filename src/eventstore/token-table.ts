/**
 * The port through which an engine keeps by which secrets access tokens open the store: rows beside the log, each
 * written in the transaction of the event that says so.
 */
import type { JsonValue } from "../domain/json.js";
import type { TokenRecord } from "../domain/token/record.js";
import type { TokenState } from "../domain/token/state.js";

/** What an event of a token does to its row. */
export type TokenMove =
  | { readonly kind: "opens"; readonly record: TokenRecord }
  /** The row that is there is that of the token. */
  | { readonly kind: "stays"; readonly name: string }
  | { readonly kind: "closes"; readonly name: string };

/** What became of the rows: what a commit made of them, or all there are, where that is not known. */
export type TokenChange =
  | { readonly kind: "moved"; readonly moves: readonly TokenMove[] }
  | { readonly kind: "read"; readonly records: readonly TokenRecord[] };

/** A row, and what the log tells of the token of that name, as of one moment. */
export interface KeptToken extends TokenRecord {
  readonly told: TokenState | undefined;
  /** Whether it was there before there were events of tokens, and has none yet. */
  readonly isUnrecorded: boolean;
}

/** What an older version answered under an Idempotency-Key; no secret is among it. */
interface TokenReply {
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly recordedAt: number;
  readonly answer: JsonValue;
}

export interface TokenTable {
  /** In the order of their names. */
  all(): Promise<readonly KeptToken[]>;
  reply(scope: string, key: string): Promise<TokenReply | undefined>;
  /** Tells each change of the rows in their order, before anybody is told of its commit. */
  onChange(tell: (change: TokenChange) => void): void;
}
