/**
 * The hot states of the writer: what events left last, and what was read for commands, so that the next
 * command about it need not read it. They are of one head, and dropped when the log is found at another one.
 */
import { limits } from "../../domain/limits.js";
import { roughBytes } from "../../domain/measure.js";
import type { AppliedEvent, BlamedState } from "../../domain/resource.js";
import type { Head } from "../../eventstore/store.js";

/** How many are kept, of how many bytes together. */
interface Bounds {
  readonly statesMax: number;
  readonly bytesMax: number;
}

const usual: Bounds = { statesMax: 1_000, bytesMax: limits.stateCacheBytesMax };

export class StateCache {
  readonly #bounds: Bounds;
  /** By their streams, those that came first at the beginning. */
  readonly #states = new Map<string, BlamedState>();
  #bytes = 0;
  #position = 0;

  constructor(bounds = usual) {
    this.#bounds = bounds;
  }

  /**
   * What loads states in a transaction at that head, before it writes any.
   * @param read reads one that is not at hand.
   */
  at(
    head: Head,
    read: (stream: string) => BlamedState | undefined,
  ): (stream: string) => BlamedState | undefined {
    if (head.position !== this.#position) this.clear();
    this.#position = head.position;
    return (stream) => {
      const known = this.#states.get(stream);
      if (known !== undefined) return known;
      const found = read(stream);
      if (found !== undefined) this.#put(stream, found);
      return found;
    };
  }

  /** Takes over what a commit left, also of none that was accepted, and makes room. */
  update(head: Head, applied: readonly AppliedEvent[]): void {
    for (const { recorded, after: state, blame } of applied) {
      this.#put(recorded.stream, { state, blame });
    }
    this.#makeRoom();
    this.#position = head.position;
  }

  clear(): void {
    this.#states.clear();
    this.#bytes = 0;
  }

  #put(stream: string, folded: BlamedState): void {
    this.#drop(stream);
    this.#states.set(stream, folded);
    this.#bytes += roughBytes(folded.state);
  }

  #makeRoom(): void {
    const { statesMax, bytesMax } = this.#bounds;
    for (const first of this.#states.keys()) {
      if (this.#states.size <= statesMax && this.#bytes <= bytesMax) return;
      this.#drop(first);
    }
  }

  #drop(stream: string): void {
    const known = this.#states.get(stream);
    if (known === undefined) return;
    this.#states.delete(stream);
    this.#bytes -= roughBytes(known.state);
  }
}
