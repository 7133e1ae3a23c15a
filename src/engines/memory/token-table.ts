/** Tokens of a store that does not outlive the process. */
import { stateOfKind } from "../../domain/resource.js";
import type { TokenRecord } from "../../domain/token/record.js";
import { tokenReservation } from "../../domain/token/state.js";
import type { InlineProjection } from "../../eventstore/projection.js";
import type { TokenChange, TokenMove, TokenTable } from "../../eventstore/token-table.js";

export class MemoryTokenTable implements TokenTable {
  /** By their names. */
  readonly #records = new Map<string, TokenRecord>();
  readonly #view: InlineProjection;
  #tell: (change: TokenChange) => void = () => {};

  constructor(view: InlineProjection) {
    this.#view = view;
  }

  async all() {
    return [...this.#records.values()]
      .map((record) => ({ ...record, told: this.#told(record.name), isUnrecorded: false }))
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
      if (move.kind === "opens") this.#records.set(move.record.name, move.record);
      if (move.kind === "closes") this.#records.delete(move.name);
    }
    this.#tell({ kind: "moved", moves });
  }

  async reply(): Promise<undefined> {
    return undefined;
  }

  onChange(tell: (change: TokenChange) => void): void {
    this.#tell = tell;
  }
}
