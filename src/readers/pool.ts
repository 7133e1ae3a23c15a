/** The readers of a server: threads that are begun when there is work for them, up to a number. */
import type { IncomingMessage } from "node:http";
import { BucketsError } from "../domain/errors.js";
import { overloaded } from "../http/admission.js";
import { Budget } from "../http/budget.js";
import type { AskedRead, Readers } from "../http/index.js";
import { monotonicNow } from "../timers.js";
import { Reader, ReaderEnded, type ReaderOptions } from "./reader.js";

export interface ReaderPoolOptions extends ReaderOptions {
  readonly countMax: number;
}

/** What one reader holds in memory at once. */
const answersMax = 8;

/** How often a read is begun again because of what another one did to its reader. */
const attemptsMax = 3;

export class ReaderPool implements Readers {
  readonly #options: ReaderPoolOptions;
  readonly #places: Budget;
  #readers: readonly Reader[] = [];
  #isClosed = false;

  constructor(options: ReaderPoolOptions) {
    this.#options = options;
    this.#places = new Budget(options.countMax * answersMax, options.timeoutMs, allBusy);
  }

  async answer(asked: AskedRead): Promise<IncomingMessage> {
    const place = await this.#places.take(1);
    try {
      const answer = await this.#answer(asked);
      answer.once("close", () => place.release());
      return answer;
    } catch (error) {
      place.release();
      throw error;
    }
  }

  async #answer(asked: AskedRead): Promise<IncomingMessage> {
    const began = monotonicNow();
    for (let attempt = 1; ; attempt += 1) {
      if (this.#isClosed) throw new BucketsError("NOT_READY", "The server is stopping.");
      try {
        return await this.#leastBusy().answer(asked);
      } catch (error) {
        if (asked.signal.aborted) throw gone();
        if (!(error instanceof ReaderEnded)) throw error;
        const hasTakenLong = monotonicNow() - began >= this.#options.timeoutMs;
        if (hasTakenLong || attempt === attemptsMax) throw refusalOf(error, this.#options);
      }
    }
  }

  /** Begins the first reader, if none is there, before there is work for it, which would wait while it loads. */
  prepare(): void {
    const isThere = this.#readers.some((reader) => !reader.isEnded);
    if (!this.#isClosed && !isThere) this.#leastBusy();
  }

  /** Those that come next open the store anew, and what is under way is asked of them. */
  async renew(): Promise<void> {
    const before = this.#readers;
    this.#readers = [];
    await Promise.all(before.map((reader) => reader.end("closed")));
  }

  /** What is under way ends unanswered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.renew();
  }

  /** One that has nothing to do, if there is or may be one. */
  #leastBusy(): Reader {
    this.#readers = this.#readers.filter((reader) => !reader.isEnded);
    const [least] = this.#readers.toSorted((a, b) => a.open - b.open);
    const mayBegin = this.#readers.length < this.#options.countMax;
    if (least !== undefined && (least.open === 0 || !mayBegin)) return least;
    const reader = new Reader(this.#options);
    this.#readers = [...this.#readers, reader];
    return reader;
  }
}

function allBusy(): BucketsError {
  return overloaded("All readers are busy");
}

/** Nobody reads it. */
function gone(): BucketsError {
  return new BucketsError("REQUEST_TIMEOUT", "The connection ended before the answer.");
}

const narrower = "Ask for less: a smaller page, a shorter time, or more conditions.";

function refusalOf(
  error: ReaderEnded,
  { timeoutMs, heapMegabytesMax }: ReaderPoolOptions,
): BucketsError {
  switch (error.why) {
    case "timeout":
      return new BucketsError(
        "READ_TIMEOUT",
        `The read took longer than ${timeoutMs / 1_000} s. ${narrower}`,
        { timeout_seconds: timeoutMs / 1_000 },
        error,
      );
    case "memory":
      return new BucketsError(
        "OVERLOADED",
        `The read needed more than ${heapMegabytesMax} MiB. ${narrower}`,
        {},
        error,
      );
    case "closed":
    case "other":
      return new BucketsError("NOT_READY", "The reader ended: try again.", {}, error);
  }
}
