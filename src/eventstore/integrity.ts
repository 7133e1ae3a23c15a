/**
 * Whether the log is what was written, as far as it has been read. What is found to be altered is never
 * answered, and nothing more is written on top of it: a history goes on only from one that is known.
 */
import { BucketsError } from "../domain/errors.js";
import { fails, type HealthCheck, passes } from "../domain/health.js";
import type { Fault } from "../domain/reports.js";
import type { StoredEvent } from "./frame.js";
import type { KnownIntegrity } from "./store.js";
import {
  ChainCheck,
  problemOfBody,
  problemOfContent,
  problemOfHash,
  type StoredBody,
  type StoredContent,
} from "./verify.js";

export class Integrity implements KnownIntegrity {
  #fault: Fault | undefined;

  get fault(): Fault | undefined {
    return this.#fault;
  }

  report(fault: Fault): void {
    this.#fault ??= fault;
  }

  /** A row, as it is read. @throws TAMPERED for one whose bytes are not what was committed to. */
  genuine<Row extends StoredContent & { readonly position: number }>(row: Row): Row {
    return this.#unless(problemOfContent(row), row);
  }

  /** The same for one of which no more was read than what is folded. */
  genuineBody<Row extends StoredBody & { readonly position: number }>(row: Row): Row {
    return this.#unless(problemOfBody(row), row);
  }

  /** The same for a row whose place in the chain is known. */
  genuineAfter(previousHash: Uint8Array, row: StoredEvent): StoredEvent {
    return this.#unless(problemOfHash(previousHash, row) ?? problemOfContent(row), row);
  }

  /**
   * The rows after a position, up to the first that was altered or is missing.
   * @throws TAMPERED when that is the very first.
   */
  genuineAfterPosition(after: number, rows: readonly StoredEvent[]): readonly StoredEvent[] {
    const [first, ...others] = rows;
    if (first === undefined) return [];
    const expected = Math.max(after, 0) + 1;
    if (first.position !== expected) {
      throw this.#found(expected, `the event is missing; the next one is ${first.position}`);
    }
    const found = [this.genuine(first)];
    const chain = new ChainCheck(first);
    for (const row of others) {
      const fault = chain.next(row);
      if (fault !== undefined) {
        this.report(fault);
        break;
      }
      found.push(row);
    }
    return found;
  }

  #unless<Row extends { readonly position: number }>(problem: string | undefined, row: Row): Row {
    if (problem === undefined) return row;
    throw this.#found(row.position, problem);
  }

  #found(position: number, problem: string): BucketsError {
    this.report({ position, problem });
    return tampered({ position, problem });
  }

  /** Whether nothing was found so far. */
  get isSound(): boolean {
    return this.#fault === undefined;
  }

  assertSound(): void {
    if (this.#fault !== undefined) throw tampered(this.#fault);
  }

  check(): HealthCheck {
    if (this.#fault === undefined) return passes("log", "what was read of it is what was written");
    const { position, problem } = this.#fault;
    return fails(
      "log",
      `altered at position ${position}: ${problem}; no write is taken: see bucketlog verify, and restore a backup`,
    );
  }
}

function tampered({ position, problem }: Fault): BucketsError {
  return new BucketsError(
    "TAMPERED",
    `The log was altered at position ${position}: ${problem}. No write is taken until its operator has restored it.`,
    { position },
  );
}
