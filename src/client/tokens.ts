/**
 * The access tokens of the server. What shows a secret is sent again under a key of the caller alone,
 * who then knows that the second answer hides what the lost one showed.
 */
import type {
  CreatedToken,
  TokenAnswer,
  TokenListOptions,
  TokenMade,
  TokenOptions,
  Tokens,
  TokenWritten,
} from "../api/index.js";
import { readOptions, TokenFields } from "../api/options.js";
import { assertAsked } from "../api/questions.js";
import { type JsonValue, toJson } from "../domain/json.js";
import { segment, writeHeaders } from "./place.js";
import { answerWith } from "./shapes.js";
import type { Transport } from "./transport.js";

const path = "/v1/admin/tokens";
const List = answerWith<{ readonly results: readonly TokenAnswer[] }>({ results: "list" });
const Created = answerWith<CreatedToken>({ name: "string", token: "string" });

export class RemoteTokens implements Tokens {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async create(body: unknown, options: TokenOptions = {}): Promise<TokenMade> {
    return await this.#make(path, toJson(body), options);
  }

  async rotate(name: string, options: TokenOptions = {}): Promise<TokenMade> {
    return await this.#make(`${path}/${segment(name)}/rotate`, {}, options);
  }

  async list(asked: TokenListOptions = {}): Promise<readonly TokenAnswer[]> {
    assertAsked("get", asked);
    const call = { kind: "read", method: "GET", path, query: { as_of: asked.asOf } } as const;
    return (await this.#transport.json(call, List)).body.results;
  }

  async revoke(name: string, given: TokenOptions = {}): Promise<TokenWritten> {
    const { idempotencyKey = crypto.randomUUID(), reason } = readOptions(TokenFields, given);
    const headers = await this.#transport.nothing({
      kind: "write",
      method: "DELETE",
      path: `${path}/${segment(name)}`,
      headers: writeHeaders({ reason }),
      idempotencyKey,
    });
    return { replayed: isReplay(headers) };
  }

  async #make(path: string, json: JsonValue, given: TokenOptions): Promise<TokenMade> {
    const { idempotencyKey, reason } = readOptions(TokenFields, given);
    const retries = idempotencyKey === undefined ? { retries: 0 } : {};
    const headers = writeHeaders({ reason });
    const made = { kind: "write", method: "POST", path, json, headers, idempotencyKey } as const;
    const call = { ...made, ...retries };
    const answer = await this.#transport.json(call, Created);
    return { ...answer.body, replayed: isReplay(answer.headers) };
  }
}

function isReplay(headers: Headers): boolean {
  return headers.get("Idempotency-Replayed") === "true";
}
