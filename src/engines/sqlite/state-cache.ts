/**
 * The hot states of the writer. They are tagged with the head that they belong to, and dropped
 * when the log is found at another one.
 */
import { limits } from "../../domain/limits.js";
import type { AppliedEvent, BlamedState } from "../../domain/resource.js";
import { roughBytes } from "../../domain/rough-size.js";
import type { Head } from "../../eventstore/store.js";

const statesMax = 1_000;

export class StateCache {
  /** In the order of their last change, oldest first. */
  readonly #states = new Map<string, BlamedState>();
  #bytes = 0;
  #position = 0;

  /** The states, which are those of the head. */
  at(head: Head): ReadonlyMap<string, BlamedState> {
    if (head.position !== this.#position) this.clear();
    return this.#states;
  }

  /** Takes over what a commit left. */
  update(head: Head, applied: readonly AppliedEvent[]): void {
    for (const { recorded, after: state, blame } of applied) {
      this.#drop(recorded.stream);
      this.#states.set(recorded.stream, { state, blame });
      this.#bytes += roughBytes(state);
    }
    for (const stream of this.#states.keys()) {
      if (this.#states.size <= statesMax && this.#bytes <= limits.stateCacheBytesMax) break;
      this.#drop(stream);
    }
    this.#position = head.position;
  }

  #drop(stream: string): void {
    const known = this.#states.get(stream);
    if (known === undefined) return;
    this.#states.delete(stream);
    this.#bytes -= roughBytes(known.state);
  }

  clear(): void {
    this.#states.clear();
    this.#bytes = 0;
  }
}
