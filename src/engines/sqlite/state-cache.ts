/**
 * The hot states of the writer. They are tagged with the head that they belong to, and dropped
 * when the log is found at another one.
 */
import type { AppliedEvent, BlamedState } from "../../domain/resource.js";
import type { Head } from "../../eventstore/store.js";

const statesMax = 1_000;

export class StateCache {
  /** In the order of their last change, oldest first. */
  readonly #states = new Map<string, BlamedState>();
  #position = 0;

  /** The states, which are those of the head. */
  at(head: Head): ReadonlyMap<string, BlamedState> {
    if (head.position !== this.#position) this.clear();
    return this.#states;
  }

  /** Takes over what a committed batch left. */
  update(head: Head, applied: readonly AppliedEvent[]): void {
    for (const { recorded, after: state, blame } of applied) {
      this.#states.delete(recorded.stream);
      this.#states.set(recorded.stream, { state, blame });
    }
    for (const stream of this.#states.keys()) {
      if (this.#states.size <= statesMax) break;
      this.#states.delete(stream);
    }
    this.#position = head.position;
  }

  clear(): void {
    this.#states.clear();
  }
}
