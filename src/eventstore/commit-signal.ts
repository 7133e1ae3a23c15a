/**
 * Tells those who wait that the log may have grown. It carries no events: a waiter wakes up and
 * reads the log from its own place, so nothing is queued for anybody.
 */
import { clearInterval, clearTimeout, setInterval, setTimeout } from "../timers.js";

interface CommitSignalParts {
  /** The position of the end of the log. */
  readonly headPosition: () => Promise<number>;
}

/**
 * Commits of this process are told at once. What else makes the log grow is seen by looking at its
 * head this often while anybody waits: commits of the process beside which this one reads, and
 * those that a failing disk left unknown until it recovered. Watching the WAL instead would miss
 * both a WAL that is not there yet and file systems that do not tell.
 */
const headPollMs = 200;

export class CommitSignal {
  readonly #parts: CommitSignalParts;
  readonly #waiters = new Set<() => void>();
  #count = 0;
  #poll: NodeJS.Timeout | undefined;
  #polledPosition: number | undefined;
  #isClosed = false;

  constructor(parts: CommitSignalParts) {
    this.#parts = parts;
  }

  /** How often the log has grown; to be read before the log is. */
  get count(): number {
    return this.#count;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Called once what was written is committed, never before. */
  announce(): void {
    this.#count += 1;
    for (const wake of [...this.#waiters]) wake();
  }

  /** Wakes everybody up for the last time. */
  close(): void {
    this.#isClosed = true;
    this.announce();
  }

  /**
   * Resolves when the log has grown since `count` was read, when the time is over, when the signal
   * aborts, or when the store closes.
   */
  wait(count: number, ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#isClosed || this.#count !== count || signal?.aborted === true) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        this.#waiters.delete(wake);
        if (this.#waiters.size === 0) this.#stopPolling();
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal?.addEventListener("abort", wake);
      this.#waiters.add(wake);
      this.#poll ??= setInterval(() => void this.#look(), headPollMs);
    });
  }

  async #look(): Promise<void> {
    try {
      const position = await this.#parts.headPosition();
      // The first look of a poll cannot compare; a waiter that wakes for nothing only reads nothing.
      if (position !== this.#polledPosition) this.announce();
      this.#polledPosition = position;
    } catch {
      // Whoever reads the log next meets the same error, and can tell it to its caller.
      this.announce();
    }
  }

  #stopPolling(): void {
    clearInterval(this.#poll);
    this.#poll = undefined;
  }
}
