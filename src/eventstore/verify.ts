/**
 * Checks that the log is what was written: gapless, chained, and true to its commitments. It proves
 * that nothing was altered inside; only a head kept elsewhere proves that the end was not cut off.
 */
import type { Fault } from "../domain/reports.js";
import { toHex } from "./codec.js";
import { chainHash, commit, type StoredEvent, zeroHash } from "./frame.js";
import type { Head } from "./store.js";

/** Follows the chain row by row; stops at the first fault. */
export class ChainCheck {
  #position = 0;
  #hash: Uint8Array = zeroHash;
  #recordedAt = 0;
  readonly #versions = new Map<string, number>();

  get position(): number {
    return this.#position;
  }

  /** The hash of the last row that was found in order, as hex. */
  get hash(): string {
    return toHex(this.#hash);
  }

  next(row: StoredEvent): Fault | undefined {
    const position = this.#position + 1;
    const problem = this.#problemOf(row, position);
    if (problem !== undefined) return { position, problem };
    this.#position = position;
    this.#hash = row.hash;
    this.#recordedAt = row.recordedAt;
    this.#versions.set(row.stream, row.version);
    return undefined;
  }

  /** The log ends where the head says that it does. */
  end(head: Head): Fault | undefined {
    if (head.position !== this.#position) {
      const problem = `the head is at ${head.position}, the log ends at ${this.#position}`;
      return { position: Math.min(head.position, this.#position) + 1, problem };
    }
    if (toHex(head.hash) === this.hash) return undefined;
    return { position: this.#position, problem: "the head has another hash than the last event" };
  }

  #problemOf(row: StoredEvent, position: number): string | undefined {
    if (row.position !== position) return `the event is missing; the next one is ${row.position}`;
    if (!equal(row.hash, chainHash(this.#hash, row))) {
      return "the hash does not follow from the event and the hash before it";
    }
    if (row.metaSalt === null || row.meta === null || row.salt === null || row.body === null) {
      return "bytes are missing, and no event says that they were erased";
    }
    if (!equal(row.metaCommitment, commit(row.metaSalt, row.meta))) {
      return "the meta is not what was committed to";
    }
    if (!equal(row.commitment, commit(row.salt, row.body))) {
      return "the body is not what was committed to";
    }
    if (row.version !== (this.#versions.get(row.stream) ?? 0) + 1) {
      return `version ${row.version} does not follow in ${row.stream}`;
    }
    if (row.recordedAt < this.#recordedAt) return "the time runs backwards";
    return undefined;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
