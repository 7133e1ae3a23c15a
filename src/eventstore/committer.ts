/**
 * The one way into the log. Units queue, so that one commit carries many; once it is durable, those who
 * wait for the log to grow are told, and whoever does what becomes due by itself.
 */
import { isBucketsError } from "../domain/errors.js";
import { dueAt } from "../domain/resource.js";
import { CommitQueue, type QueueOptions } from "./commit-queue.js";
import { CommitSignal } from "./commit-signal.js";
import type { CommandResult, EventStore, Outcome, Unit } from "./store.js";

export class Committer {
  readonly #queue: CommitQueue;
  readonly signal: CommitSignal;
  readonly #whenDue: (() => void)[] = [];
  readonly #whenCommitted: ((results: readonly CommandResult[]) => void)[] = [];
  readonly #whenUnknown: (() => void)[] = [];

  constructor(events: EventStore, options?: QueueOptions) {
    this.#queue = new CommitQueue(events, options);
    this.signal = new CommitSignal({
      headPosition: async () => (await events.head()).position,
    });
  }

  /** Resolves once the unit is durable. @throws what `CommitQueue.submit` does. */
  async submit(unit: Unit): Promise<Outcome> {
    const outcome = await this.#queue.submit(unit).catch((error: unknown) => {
      if (isUnknown(error)) this.#wake();
      throw error;
    });
    if (outcome.kind === "committed") {
      this.signal.announce();
      for (const note of this.#whenCommitted) note(outcome.results);
      const isDue = outcome.results.some(({ state }) => dueAt(state) !== undefined);
      if (isDue) for (const wake of this.#whenDue) wake();
    }
    return outcome;
  }

  /** What nobody knows of may be there: whoever looks sees it. */
  #wake(): void {
    for (const note of this.#whenUnknown) note();
    this.signal.announce();
    for (const wake of this.#whenDue) wake();
  }

  /** Calls that after each commit, with what it did. */
  onCommitted(note: (results: readonly CommandResult[]) => void): void {
    this.#whenCommitted.push(note);
  }

  /** Calls that after each commit of which nobody knows whether it is there. */
  onUnknown(note: () => void): void {
    this.#whenUnknown.push(note);
  }

  /** Calls that after each commit that left something to be done at a time, or may have. */
  onDue(wake: () => void): void {
    this.#whenDue.push(wake);
  }

  /** Refuses new units and resolves when all that were taken have been answered. */
  close(): Promise<void> {
    return this.#queue.close();
  }
}

function isUnknown(error: unknown): boolean {
  return isBucketsError(error) && error.code === "OUTCOME_UNKNOWN";
}
