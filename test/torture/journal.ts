/**
 * What clients asked for and what they were told, written down by them: each attempt before it is
 * sent, each end once its answer has arrived, on the disk before the next attempt.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";

export type Deed =
  | "create"
  | "patch"
  | "object"
  | "announce"
  | "send"
  | "confirm"
  | "batch"
  | "submit"
  | "delivery"
  | "transaction"
  | "secret"
  | "lock"
  | "unlock"
  | "read"
  | "past";

export interface Attempt {
  /** Also the X-Request-Id, under which the log keeps it. */
  readonly id: string;
  readonly deed: Deed;
  /** Nanoseconds of the monotonic clock. */
  readonly begun: bigint;
  /** What it is about: an id, or the name of what it makes. */
  readonly about: string;
  /** The version that it was to meet. */
  readonly ifMatch?: number;
  /** SHA-256 of the bytes that it stores. */
  readonly blobs?: readonly string[];
  /** How many events it makes; undefined where that depends. */
  readonly events?: number;
}

type Ending =
  /** Done, and durable: it said so. */
  | { readonly outcome: "acknowledged"; readonly status: number }
  | { readonly outcome: "refused"; readonly status: number }
  /** Nobody knows. */
  | { readonly outcome: "unknown" };

export type Ended = Attempt &
  Ending & {
    readonly ended: bigint;
    /** The id of what was written or read. */
    readonly resource?: string;
    /** X-Version of the answer. */
    readonly version?: number;
    readonly position?: number;
    /** What a refusal said, as it was sent. */
    readonly refusal?: string;
    /** SHA-256 of an answer that must never change. */
    readonly answer?: string;
  };

export class Journal implements Disposable {
  readonly #descriptor: number;
  readonly #open = new Map<string, Attempt>();
  readonly #ended: Ended[] = [];

  constructor(readonly file: string) {
    this.#descriptor = openSync(file, "a", 0o600);
  }

  begin(attempt: Attempt): void {
    this.#open.set(attempt.id, attempt);
    this.#write({ begins: attempt });
  }

  end(ended: Ended): void {
    this.#open.delete(ended.id);
    this.#ended.push(ended);
    this.#write({ ends: ended });
    fdatasyncSync(this.#descriptor);
  }

  /** How many have their answer. */
  get size(): number {
    return this.#ended.length;
  }

  /** All that was tried; what has no end yet is unknown. */
  all(): Ended[] {
    const unknown = [...this.#open.values()].map(
      (attempt): Ended => ({ ...attempt, outcome: "unknown", ended: process.hrtime.bigint() }),
    );
    return [...this.#ended, ...unknown];
  }

  #write(line: object): void {
    const text = JSON.stringify(line, (_, value) =>
      typeof value === "bigint" ? value.toString() : value,
    );
    writeSync(this.#descriptor, `${text}\n`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}
