/** What can be asked of an access token. Its secret, and what is kept of that, are no part of it. */
import type { TokenDocument } from "./document.js";

interface CreateToken {
  readonly type: "create_token";
  readonly document: TokenDocument;
}

interface RotateToken {
  readonly type: "rotate_token";
}

interface RevokeToken {
  readonly type: "revoke_token";
}

export type TokenCommand = CreateToken | RotateToken | RevokeToken;
