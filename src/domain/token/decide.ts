/** The decider of an access token. Pure. */
import { diff } from "../changes.js";
import type { TokenCommand } from "./commands.js";
import type { TokenEvent } from "./events.js";
import type { TokenState } from "./state.js";

export function decideToken(_: TokenState | undefined, command: TokenCommand): TokenEvent {
  switch (command.type) {
    case "create_token":
      return { type: "token.created", data: { changes: diff({}, { ...command.document }) } };
    case "rotate_token":
      return { type: "token.rotated", data: {} };
    case "revoke_token":
      return { type: "token.revoked", data: {} };
  }
}
