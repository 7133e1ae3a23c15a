/** The states that were made last, so that the next event of their streams need not read them. */

import { roughBytes } from "../domain/measure.js";
import type { AppliedEvent, BlamedState } from "../domain/resource.js";

/** How many are kept, of how many bytes together. */
interface Bounds {
  readonly statesMax: number;
  readonly bytesMax: number;
}

export class RecentStates {
  readonly #bounds: Bounds;
  /** In the order of their last change, oldest first. */
  readonly #states = new Map<string, BlamedState>();
  #bytes = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** By their streams. */
  get byStream(): ReadonlyMap<string, BlamedState> {
    return this.#states;
  }

  /** Takes over what the events left. */
  update(events: readonly AppliedEvent[]): void {
    for (const { recorded, after: state, blame } of events) {
      this.#drop(recorded.stream);
      this.#states.set(recorded.stream, { state, blame });
      this.#bytes += roughBytes(state);
    }
    const { statesMax, bytesMax } = this.#bounds;
    for (const stream of this.#states.keys()) {
      if (this.#states.size <= statesMax && this.#bytes <= bytesMax) break;
      this.#drop(stream);
    }
  }

  clear(): void {
    this.#states.clear();
    this.#bytes = 0;
  }

  #drop(stream: string): void {
    const known = this.#states.get(stream);
    if (known === undefined) return;
    this.#states.delete(stream);
    this.#bytes -= roughBytes(known.state);
  }
}
