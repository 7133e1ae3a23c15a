/** Tokens of a store that does not outlive the process. */
import { stateOfKind } from "../../domain/resource.js";
import { tokenReservation } from "../../domain/token/state.js";
import type { InlineProjection } from "../../eventstore/projection.js";
import type { TokenMove, TokenRecord, TokenTable } from "../../eventstore/token-table.js";

export class MemoryTokenTable implements TokenTable {
  /** By their names. */
  readonly #records: Map<string, TokenRecord>;
  readonly #view: InlineProjection;
  /** Those that are there at first are of another log. */
  readonly #unrecorded: Set<string>;

  constructor(records: Map<string, TokenRecord>, view: InlineProjection) {
    this.#records = records;
    this.#view = view;
    this.#unrecorded = new Set(records.keys());
  }

  async all() {
    return [...this.#records.values()]
      .map((record) => ({
        ...record,
        told: this.#told(record.name),
        isUnrecorded: this.#unrecorded.has(record.name),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #told(name: string) {
    const { scope, key } = tokenReservation(name);
    const stream = this.#view.loadReservation(scope, key);
    const state = stream === undefined ? undefined : this.#view.loadState(stream)?.state;
    return state && stateOfKind("token", state);
  }

  move(moves: readonly TokenMove[]): void {
    for (const move of moves) {
      const name = move.kind === "opens" ? move.record.name : move.name;
      this.#unrecorded.delete(name);
      if (move.kind === "opens") this.#records.set(name, move.record);
      if (move.kind === "closes") this.#records.delete(name);
    }
  }

  async reply(): Promise<undefined> {
    return undefined;
  }
}
