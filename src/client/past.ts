/** Reading the past of resources of one kind, over HTTP. */
import { BlameResponse } from "../domain/blame.js";
import { HistoryEntry } from "../domain/history.js";
import type { JsonValue } from "../domain/json.js";
import { jsonValue } from "../domain/schemas.js";
import {
  type DiffQuery,
  type HistoryQuery,
  HistoryResponse,
  type PastReads,
  ReplayLine,
  type ReplayRange,
} from "../service/interface.js";
import type { Place } from "./request.js";
import type { Transport } from "./transport.js";
import { reading } from "./writes.js";

export class RemotePast implements PastReads {
  readonly #transport: Transport;
  readonly #place: Place;
  readonly #pathOf: (identifier: string) => string;

  /** @param pathOf the path of the resource that an identifier names. */
  constructor(transport: Transport, place: Place, pathOf: (identifier: string) => string) {
    this.#transport = transport;
    this.#place = place;
    this.#pathOf = pathOf;
  }

  async diff(identifier: string, query: DiffQuery = {}): Promise<JsonValue> {
    const call = reading(this.#place, `${this.#pathOf(identifier)}/diff`, { ...query });
    return (await this.#transport.json(call, jsonValue)).body;
  }

  async blame(
    identifier: string,
    query: { readonly path?: string | undefined } = {},
  ): Promise<BlameResponse> {
    const call = reading(this.#place, `${this.#pathOf(identifier)}/blame`, { ...query });
    return (await this.#transport.json(call, BlameResponse)).body;
  }

  async history(identifier: string, query: HistoryQuery = {}): Promise<HistoryResponse> {
    const call = reading(this.#place, `${this.#pathOf(identifier)}/history`, { ...query });
    return (await this.#transport.json(call, HistoryResponse)).body;
  }

  async entry(identifier: string, version: number): Promise<HistoryEntry> {
    const call = reading(this.#place, `${this.#pathOf(identifier)}/history/${version}`);
    return (await this.#transport.json(call, HistoryEntry)).body;
  }

  async *replay(identifier: string, range: ReplayRange = {}): AsyncGenerator<ReplayLine, void> {
    const call = reading(this.#place, `${this.#pathOf(identifier)}/replay`, { ...range });
    let isWhole = false;
    for await (const line of this.#transport.lines(call, ReplayLine)) {
      isWhole = "replayed" in line;
      yield line;
    }
    if (!isWhole) throw this.#transport.cutShort();
  }
}
