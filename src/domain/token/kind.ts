/**
 * Everything that is special about access tokens as resources: they are in the namespace of the log, which
 * no user can name. What opens, the digest of a secret, is kept beside the log and never in an event.
 */
import { BucketsError } from "../errors.js";
import { type Kind, nothing } from "../kind.js";
import type { TokenCommand } from "./commands.js";
import { decideToken } from "./decide.js";
import type { TokenEvent } from "./events.js";
import { TokenAnswer } from "./response.js";
import { evolveToken, type TokenState, tokenReservations } from "./state.js";

export const tokenKind: Kind<TokenState, TokenCommand, TokenEvent> = {
  name: "token",
  prefix: "tok_",
  commands: { create_token: true, rotate_token: true, revoke_token: true },
  restores: nothing.restored,
  id: (state) => state.token_id,
  document: (state) => ({ ...state.document }),
  needless: nothing.known,
  decide: decideToken,
  evolve: evolveToken,
  changes: (event) => (event.type === "token.created" ? event.data.changes : []),
  shown: nothing.masked,
  shownDocument: nothing.masked,
  reservations: tokenReservations,
  holderKeys: nothing.list,
  taken: ({ key }, holder) =>
    new BucketsError(
      "ALREADY_EXISTS",
      `There is a token "${key}" already: rotate it for another secret, or revoke it.`,
      { name: key, token_id: holder },
    ),
  secrets: nothing.list,
  dueAt: nothing.known,
  statistics: nothing.known,
  references: nothing.list,
  task: nothing.known,
  table: {
    name: "access_tokens",
    id: "token_id",
    columns: { namespace: (state) => state.namespace },
  },
  answer: TokenAnswer,
};
