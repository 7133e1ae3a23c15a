/**
 * The hot states of the writer. They are tagged with the head that they belong to, and dropped
 * when the log is found at another one.
 */
import { limits } from "../../domain/limits.js";
import type { AppliedEvent, BlamedState } from "../../domain/resource.js";
import { RecentStates } from "../../eventstore/recent-states.js";
import type { Head } from "../../eventstore/store.js";

const bounds = { statesMax: 1_000, bytesMax: limits.stateCacheBytesMax };

export class StateCache {
  readonly #states = new RecentStates(bounds);
  #position = 0;

  /** The states, which are those of the head. */
  at(head: Head): ReadonlyMap<string, BlamedState> {
    if (head.position !== this.#position) this.clear();
    return this.#states.byStream;
  }

  /** Takes over what a commit left. */
  update(head: Head, applied: readonly AppliedEvent[]): void {
    this.#states.update(applied);
    this.#position = head.position;
  }

  clear(): void {
    this.#states.clear();
  }
}
