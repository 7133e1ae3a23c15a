/** Reading the past of resources of one kind, over HTTP. */

import type {
  BlameQuery,
  DiffQuery,
  EventProofOptions,
  HistoryQuery,
  HistoryResponse,
  PastReads,
  ReplayLine,
  ReplayRange,
} from "../api/index.js";
import { assertAsked } from "../api/questions.js";
import type { BlameResponse } from "../domain/blame.js";
import type { HistoryEntry } from "../domain/history-entry.js";
import type { JsonValue } from "../domain/json.js";
import type { Requests } from "./requests.js";
import { answerWith, anything } from "./shapes.js";

const Diff = anything<JsonValue>();
const Blame = answerWith<BlameResponse>({});
const History = answerWith<HistoryResponse>({ results: "list", pagination: "object" });
const Entry = answerWith<HistoryEntry>({ event_id: "string", changes: "list" });
const Line = answerWith<ReplayLine>({});

export class RemotePast implements PastReads {
  readonly #requests: Requests;
  readonly #pathOf: (identifier: string) => string;

  /** @param pathOf the path of the resource that an identifier names. */
  constructor(requests: Requests, pathOf: (identifier: string) => string) {
    this.#requests = requests;
    this.#pathOf = pathOf;
  }

  async diff(identifier: string, query: DiffQuery = {}): Promise<JsonValue> {
    assertAsked("diff", query);
    const path = `${this.#pathOf(identifier)}/diff`;
    return await this.#requests.get(path, { ...query }, Diff);
  }

  async blame(identifier: string, asked: BlameQuery = {}): Promise<BlameResponse> {
    assertAsked("blame", asked);
    const query = { path: asked.path, as_of: asked.asOf };
    return await this.#requests.get(`${this.#pathOf(identifier)}/blame`, query, Blame);
  }

  async history(identifier: string, query: HistoryQuery = {}): Promise<HistoryResponse> {
    assertAsked("history", query);
    const path = `${this.#pathOf(identifier)}/history`;
    return await this.#requests.get(path, { ...query }, History);
  }

  async entry(identifier: string, version: number): Promise<HistoryEntry> {
    const path = `${this.#pathOf(identifier)}/history/${version}`;
    return await this.#requests.get(path, {}, Entry);
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
    assertAsked("replay", range);
    const call = this.#requests.reading(`${this.#pathOf(identifier)}/replay`, { ...range });
    let isWhole = false;
    for await (const line of this.#requests.transport.lines(call, Line)) {
      isWhole = "replayed" in line;
      yield line;
    }
    if (!isWhole) throw this.#requests.transport.cutShort();
  }
}
