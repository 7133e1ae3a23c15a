/** The access tokens of the server. Making and revoking have no key to be repeated under. */
import { z } from "zod";
import { toJson } from "../domain/json.js";
import { CreatedToken, TokenAnswer, type Tokens } from "../service/interface.js";
import { segment } from "./request.js";
import type { Transport } from "./transport.js";

const path = "/v1/admin/tokens";
const TokenList = z.object({ results: z.array(TokenAnswer) });

export class RemoteTokens implements Tokens {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async create(body: unknown): Promise<CreatedToken> {
    const call = { kind: "write", retries: 0, method: "POST", path, json: toJson(body) } as const;
    return (await this.#transport.json(call, CreatedToken)).body;
  }

  async list(): Promise<readonly TokenAnswer[]> {
    const call = { kind: "read", method: "GET", path } as const;
    return (await this.#transport.json(call, TokenList)).body.results;
  }

  async revoke(name: string): Promise<void> {
    await this.#transport.nothing({
      kind: "write",
      retries: 0,
      method: "DELETE",
      path: `${path}/${segment(name)}`,
    });
  }
}
