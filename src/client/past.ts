/** Reading the past of resources of one kind, over HTTP. */

import {
  type BlameQuery,
  type DiffQuery,
  type EventProofOptions,
  type HistoryQuery,
  HistoryResponse,
  type PastReads,
  ReplayLine,
  type ReplayRange,
} from "../api/index.js";
import { BlameResponse } from "../domain/blame.js";
import { HistoryEntry } from "../domain/history.js";
import type { JsonValue } from "../domain/json.js";
import { jsonValue } from "../domain/schemas.js";
import type { Requests } from "./requests.js";

export class RemotePast implements PastReads {
  readonly #requests: Requests;
  readonly #pathOf: (identifier: string) => string;

  /** @param pathOf the path of the resource that an identifier names. */
  constructor(requests: Requests, pathOf: (identifier: string) => string) {
    this.#requests = requests;
    this.#pathOf = pathOf;
  }

  async diff(identifier: string, query: DiffQuery = {}): Promise<JsonValue> {
    const path = `${this.#pathOf(identifier)}/diff`;
    return await this.#requests.get(path, { ...query }, jsonValue);
  }

  async blame(identifier: string, { path, asOf }: BlameQuery = {}): Promise<BlameResponse> {
    const query = { path, as_of: asOf };
    return await this.#requests.get(`${this.#pathOf(identifier)}/blame`, query, BlameResponse);
  }

  async history(identifier: string, query: HistoryQuery = {}): Promise<HistoryResponse> {
    const path = `${this.#pathOf(identifier)}/history`;
    return await this.#requests.get(path, { ...query }, HistoryResponse);
  }

  async entry(identifier: string, version: number): Promise<HistoryEntry> {
    const path = `${this.#pathOf(identifier)}/history/${version}`;
    return await this.#requests.get(path, {}, HistoryEntry);
  }

  async proof(
    identifier: string,
    version: number,
    { disclose, withPrevious, size }: EventProofOptions = {},
  ): Promise<string> {
    const query = {
      disclose: disclose?.join(","),
      size,
      with_previous: withPrevious === true ? "true" : undefined,
    };
    const path = `${this.#pathOf(identifier)}/history/${version}/proof`;
    const call = this.#requests.reading(path, query);
    return await this.#requests.transport.text({
      ...call,
      headers: { ...call.headers, Accept: "text/plain" },
    });
  }

  async *replay(identifier: string, range: ReplayRange = {}): AsyncGenerator<ReplayLine, void> {
    const call = this.#requests.reading(`${this.#pathOf(identifier)}/replay`, { ...range });
    let isWhole = false;
    for await (const line of this.#requests.transport.lines(call, ReplayLine)) {
      isWhole = "replayed" in line;
      yield line;
    }
    if (!isWhole) throw this.#requests.transport.cutShort();
  }
}
