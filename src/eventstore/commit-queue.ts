/**
 * Group commit: commands wait while one batch is in flight, and the next batch is whatever has
 * queued. One fsync carries many writes; an idle caller pays one commit and no timer.
 */
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import type { EventStore, Outcome, Unit } from "./store.js";

interface Waiting {
  readonly unit: Unit;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

export class CommitQueue {
  readonly #store: EventStore;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #waitingCommands = 0;
  #inFlight: Promise<void> | undefined;
  #isClosed = false;

  constructor(store: EventStore) {
    this.#store = store;
  }

  /**
   * Resolves once the unit's batch is durable.
   *
   * @throws OVERLOADED when the queue is full; NOT_READY once it is closed; and whatever
   * `EventStore.commit` throws for the whole batch.
   */
  submit(unit: Unit): Promise<Outcome> {
    if (this.#isClosed) {
      return Promise.reject(new BucketsError("NOT_READY", "The store is closed."));
    }
    if (
      this.#waitingCommands + unit.commands.length > limits.queueCommandsMax ||
      this.#waitingBytes + unit.bytes > limits.queueBytesMax
    ) {
      const message = `${this.#waitingCommands} commands are waiting already: try again soon.`;
      return Promise.reject(new BucketsError("OVERLOADED", message, { retry_after_seconds: 1 }));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ unit, resolve, reject });
      this.#waitingBytes += unit.bytes;
      this.#waitingCommands += unit.commands.length;
      this.#inFlight ??= this.#drain();
    });
  }

  /** Refuses new units and resolves when all that were taken have been answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#inFlight;
  }

  async #drain(): Promise<void> {
    await this.#settle();
    while (this.#waiting.length > 0) {
      await this.#commit(this.#takeBatch());
      if (this.#waiting.length > 0) await this.#settle();
    }
    this.#inFlight = undefined;
  }

  /**
   * Waits for the turn of the event loop to end, and once more while commands keep arriving: a
   * plain `setImmediate` has the same throughput and ten times the p99.
   */
  async #settle(): Promise<void> {
    await nextTurn();
    const arrived = this.#waiting.length;
    if (arrived < 2) return;
    await nextTurn();
  }

  #takeBatch(): Waiting[] {
    let bytes = 0;
    let commands = 0;
    let taken = 0;
    for (const { unit } of this.#waiting) {
      bytes += unit.bytes;
      commands += unit.commands.length;
      if (taken > 0 && (bytes > limits.batchBytesMax || commands > limits.batchCommandsMax)) break;
      taken += 1;
    }
    const batch = this.#waiting.slice(0, taken);
    this.#waiting = this.#waiting.slice(taken);
    for (const { unit } of batch) {
      this.#waitingBytes -= unit.bytes;
      this.#waitingCommands -= unit.commands.length;
    }
    return batch;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#store.commit(batch.map(({ unit }) => unit));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined) reject(new Error("invariant broken: a unit without outcome"));
        else resolve(outcome);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
