/**
 * Group commit: units wait while one commit is in flight, and the next carries whatever has
 * queued. One fsync carries many writes; an idle caller pays one commit and no timer.
 */
import { BucketsError, invariant } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { monotonicNow, nextTurn } from "../timers.js";
import type { EventStore, Outcome, Unit } from "./store.js";

export interface QueueOptions {
  /** What would wait longer is refused at once; there is no bound unless given. */
  readonly waitMsMax?: number | undefined;
  /** Milliseconds that never run backwards; for tests. */
  readonly now?: () => number;
}

interface Waiting {
  readonly unit: Unit;
  readonly since: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

export class CommitQueue {
  readonly #store: EventStore;
  readonly #waitMsMax: number;
  readonly #now: () => number;
  /** What is with the store, and since when. */
  #committing: { readonly commands: number; readonly since: number } | undefined;
  /** How long a command took lately, of those that shared a commit. */
  #msPerCommand = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #waitingCommands = 0;
  #inFlight: Promise<void> | undefined;
  #isClosed = false;

  constructor(store: EventStore, { waitMsMax, now = monotonicNow }: QueueOptions = {}) {
    this.#store = store;
    this.#waitMsMax = waitMsMax ?? Number.POSITIVE_INFINITY;
    this.#now = now;
  }

  /**
   * Resolves once the commit that carries the unit is durable.
   *
   * @throws OVERLOADED when the queue is full, or the unit would wait too long in it; NOT_READY once it is closed; and whatever
   * `EventStore.commit` throws for all that it carries.
   */
  submit(unit: Unit): Promise<Outcome> {
    if (this.#isClosed) {
      return Promise.reject(new BucketsError("NOT_READY", "The store is closed."));
    }
    if (
      this.#waitingCommands + unit.commands.length > limits.queueCommandsMax ||
      this.#waitingBytes + unit.bytes > limits.queueBytesMax
    ) {
      return Promise.reject(overloaded(`${this.#waitingCommands} commands are waiting already`));
    }
    const waitMs = this.#expectedWaitMs();
    if (waitMs > this.#waitMsMax) {
      return Promise.reject(overloaded(`it would wait ${Math.round(waitMs)} ms for its turn`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ unit, since: this.#now(), resolve, reject });
      this.#waitingBytes += unit.bytes;
      this.#waitingCommands += unit.commands.length;
      this.#inFlight ??= this.#drain();
    });
  }

  /** As long as what is before it takes, at the pace of late; and a commit that hangs has none. */
  #expectedWaitMs(): number {
    if (this.#committing === undefined) return this.#waitingCommands * this.#msPerCommand;
    const { commands, since } = this.#committing;
    const atPace = (this.#waitingCommands + commands) * this.#msPerCommand;
    return Math.max(atPace, this.#now() - since);
  }

  /** Those that have waited too long, because the pace has changed since they were taken. */
  #refuseOverdue(): void {
    const before = this.#now() - this.#waitMsMax;
    const overdue = this.#waiting.findIndex(({ since }) => since >= before);
    for (const { reject } of this.#take(overdue === -1 ? this.#waiting.length : overdue)) {
      reject(overloaded("its turn did not come in time"));
    }
  }

  /** Refuses new units and resolves when all that were taken have been answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#inFlight;
  }

  async #drain(): Promise<void> {
    await this.#settle();
    while (this.#waiting.length > 0) {
      this.#refuseOverdue();
      const carried = this.#takeCommit();
      if (carried.length > 0) await this.#commit(carried);
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

  #takeCommit(): readonly Waiting[] {
    let bytes = 0;
    let commands = 0;
    let taken = 0;
    for (const { unit } of this.#waiting) {
      bytes += unit.bytes;
      commands += unit.commands.length;
      if (taken > 0 && (bytes > limits.commitBytesMax || commands > limits.commitCommandsMax))
        break;
      taken += 1;
    }
    return this.#take(taken);
  }

  #take(count: number): readonly Waiting[] {
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    for (const { unit } of taken) {
      this.#waitingBytes -= unit.bytes;
      this.#waitingCommands -= unit.commands.length;
    }
    return taken;
  }

  /** What there was no room for in a commit is the first of the next. */
  #putBack(units: readonly Waiting[]): void {
    this.#waiting = [...units, ...this.#waiting];
    for (const { unit } of units) {
      this.#waitingBytes += unit.bytes;
      this.#waitingCommands += unit.commands.length;
    }
  }

  async #commit(carried: readonly Waiting[]): Promise<void> {
    const commands = carried.reduce((sum, { unit }) => sum + unit.commands.length, 0);
    const since = this.#now();
    this.#committing = { commands, since };
    try {
      const outcomes = await this.#store.commit(carried.map(({ unit }) => unit));
      // To answer may take as long again: whoever waited for this comes first.
      if (this.#now() - since > longCommitMs) await nextTurn();
      invariant(outcomes.length > 0, "a commit of nothing");
      for (const [index, outcome] of outcomes.entries()) carried[index]?.resolve(outcome);
      this.#putBack(carried.slice(outcomes.length));
    } catch (error) {
      for (const { reject } of carried) reject(error);
    } finally {
      this.#committing = undefined;
      this.#learnPace((this.#now() - since) / Math.max(commands, 1));
    }
  }

  #learnPace(msPerCommand: number): void {
    this.#msPerCommand += (msPerCommand - this.#msPerCommand) * paceWeight;
  }
}

const longCommitMs = 10;

/** Of the newest commit, in what is taken for the pace: a slow one alone refuses nobody. */
const paceWeight = 0.2;

/** Nothing of it was written. */
function overloaded(why: string): BucketsError {
  return new BucketsError("OVERLOADED", `Too much is written at once, ${why}: try again soon.`, {
    outcome: "not_written",
    retry_after_seconds: 1,
  });
}
