/** The clock and the ids of a store that is seeded: what happens in it has the times and ids of then. */
import { idFactory } from "../keys/random.js";

export class SeedPast {
  #heldAt: number | undefined;
  #heldIds = new Map<string, string[]>();
  readonly #fresh = idFactory(() => this.now());

  readonly now = (): number => this.#heldAt ?? Date.now();

  /** The next of the held ids with that prefix, or a new one. */
  readonly newId = (prefix: string): string =>
    this.#heldIds.get(prefix)?.shift() ?? this.#fresh(prefix);

  /** Stands still at a time; where it was held before unless given. */
  hold(time: number | undefined, ids: readonly string[]): void {
    this.#heldAt = time ?? this.#heldAt;
    this.#heldIds = new Map();
    for (const id of ids) {
      const prefix = id.split("_", 1).join();
      this.#heldIds.set(prefix, [...(this.#heldIds.get(prefix) ?? []), id]);
    }
  }

  release(): void {
    this.#heldAt = undefined;
    this.#heldIds = new Map();
  }
}
