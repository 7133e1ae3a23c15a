/**
 * Closes the windows of batches when their time has come (CONTRACT: source adapters). What is due
 * are rows that the states make, so that nothing is forgotten or done twice when the process ends;
 * this only looks at them, when the next one is due and once a second while there are any.
 */
import type { BatchState } from "../../domain/batch/state.js";
import { isFull } from "../../domain/batch/window.js";
import { isBucketsError } from "../../domain/errors.js";
import { anyVersion } from "../../domain/precondition.js";
import type { Timer, TimerTable } from "../../projections/timer-table.js";
import { clearTimeout, monotonicNow, setTimeout } from "../../timers.js";
import { nobody } from "../asker.js";
import type { ServiceParts } from "../parts.js";

/** So many are looked at in one go. */
const timersMax = 1_000;
const lookEveryMs = 1_000;
/** A bucket that was locked or deleted meanwhile may let its batch go later. */
const retryAfterMs = 30_000;
/** On the events that nobody asked for. */
const caller = nobody("bucketlog");

interface CloserParts extends Pick<ServiceParts, "clock" | "newId" | "units" | "view"> {
  readonly timers: TimerTable;
}

export class WindowCloser {
  readonly #parts: CloserParts;
  /** When each is due by a clock that never leaps, as far as the other one can be trusted. */
  readonly #deadlines = new Map<string, number>();
  #running: Promise<number> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStarted = false;

  constructor(parts: CloserParts) {
    this.#parts = parts;
  }

  /** Looks by itself from now on. */
  start(): void {
    this.#isStarted = true;
    this.wake();
  }

  /** To be called when a window may have been opened or filled. */
  wake(): void {
    this.#lookAfter(0);
  }

  /** Resolves once nothing is under way. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    clearTimeout(this.#timer);
    await this.#running?.catch(() => {});
  }

  /**
   * Closes what is due: submits it, or leaves it as a complete draft. What its bucket does not let go
   * now stays due.
   *
   * @returns how many were closed.
   */
  closeDue(): Promise<number> {
    this.#running ??= this.#closeDue().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #closeDue(): Promise<number> {
    const timers = await this.#parts.timers.first(timersMax);
    this.#forgetOthers(timers);
    let closed = 0;
    for (const timer of timers) {
      const state = await this.#parts.view.state(timer.stream);
      if (state?.kind !== "batch" || !this.#isDue(timer, state)) continue;
      if (!(await this.#close(state))) continue;
      this.#deadlines.delete(timer.stream);
      closed += 1;
    }
    return closed;
  }

  #forgetOthers(timers: readonly Timer[]): void {
    const streams = new Set(timers.map(({ stream }) => stream));
    for (const stream of this.#deadlines.keys()) {
      if (!streams.has(stream)) this.#deadlines.delete(stream);
    }
  }

  /** By either clock: one that leaps back must not keep a window open for as long as it leapt. */
  #isDue({ stream, dueAt }: Timer, state: BatchState): boolean {
    if (isFull(state)) return true;
    const leftMs = Date.parse(dueAt) - this.#parts.clock();
    const known = this.#deadlines.get(stream);
    const wholeMs = Date.parse(dueAt) - Date.parse(state.created_at);
    const deadline = known ?? monotonicNow() + Math.min(leftMs, wholeMs);
    this.#deadlines.set(stream, deadline);
    return leftMs <= 0 || deadline <= monotonicNow();
  }

  /** @returns whether it is closed, by this or by whoever came before. */
  async #close({ batch_id: id, bucket_id: bucket, namespace }: BatchState): Promise<boolean> {
    const command = { type: "close_window", taskId: this.#parts.newId("task") } as const;
    const target = { kind: "member", bucket, id } as const;
    const operation = {
      call: ["close_window", id],
      reason: "The window closed.",
      precondition: anyVersion,
      command: { target, command },
      render: async () => undefined,
    };
    try {
      await this.#parts.units.write({ namespace, caller }, [operation], {});
      return true;
    } catch (error) {
      if (isBucketsError(error)) return error.code === "BAD_REQUEST";
      throw error;
    }
  }

  #lookAfter(delayMs: number): void {
    if (!this.#isStarted) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), delayMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    try {
      await this.closeDue();
    } catch {
      // A disk that fails or is full leaves due what is due.
      this.#lookAfter(retryAfterMs);
      return;
    }
    const now = monotonicNow();
    const pauses = [...this.#deadlines.values()].map((deadline) => pauseBefore(deadline - now));
    if (pauses.length > 0) this.#lookAfter(Math.min(...pauses));
  }
}

function pauseBefore(leftMs: number): number {
  return leftMs <= 0 ? retryAfterMs : Math.min(leftMs, lookEveryMs);
}
