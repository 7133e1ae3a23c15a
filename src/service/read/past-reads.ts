/** Reading the past of the resources of one kind, alike for every kind. */

import type {
  BlameQuery,
  DiffQuery,
  EventProofOptions,
  HistoryQuery,
  HistoryResponse,
  PastReads,
  ReplayLine,
  ReplayRange,
} from "../../api/index.js";
import type { BlameResponse } from "../../domain/blame.js";
import type { HistoryEntry } from "../../domain/history-entry.js";
import type { JsonValue } from "../../domain/json.js";
import type { ResourceKind } from "../../domain/resource.js";
import type { Past } from "./stream-past.js";

export abstract class PastReading<Kind extends ResourceKind> implements PastReads {
  /** Where the resources are looked for. */
  protected abstract past(): Promise<Past<Kind>>;

  async diff(identifier: string, query: DiffQuery = {}): Promise<JsonValue> {
    const own = { ...query };
    return await (await this.past()).diff(identifier, own);
  }

  async blame(identifier: string, query: BlameQuery = {}): Promise<BlameResponse> {
    const own = { ...query };
    return await (await this.past()).blame(identifier, own);
  }

  async history(identifier: string, query: HistoryQuery = {}): Promise<HistoryResponse> {
    const own = { ...query };
    return await (await this.past()).history(identifier, own);
  }

  async entry(identifier: string, version: number): Promise<HistoryEntry> {
    return await (await this.past()).entry(identifier, version);
  }

  async proof(
    identifier: string,
    version: number,
    options: EventProofOptions = {},
  ): Promise<string> {
    return await (await this.past()).proof(identifier, version, options);
  }

  async *replay(identifier: string, range: ReplayRange = {}): AsyncIterable<ReplayLine> {
    yield* (await this.past()).replay(identifier, range);
  }
}
