/**
 * Checks that the log is what was written: gapless, chained, and true to its commitments. It proves
 * that nothing was altered inside; only a head kept elsewhere proves that the end was not cut off.
 */
import type { Fault } from "../domain/reports.js";
import { toHex } from "./codec.js";
import { chainHash, commit, type EventHeader, type StoredEvent, zeroHash } from "./frame.js";
import type { Head } from "./store.js";

/** Follows the chain row by row; stops at the first fault. */
export class ChainCheck {
  #position: number;
  #hash: Uint8Array;
  #recordedAt: number;
  /** Of a chain that is followed from its beginning: else those of before are not known. */
  readonly #versions: Map<string, number> | undefined;

  /** @param before the event to go on after; it begins with the first unless given. */
  constructor(before?: Pick<StoredEvent, "position" | "hash" | "recordedAt">) {
    this.#position = before?.position ?? 0;
    this.#hash = before?.hash ?? zeroHash;
    this.#recordedAt = before?.recordedAt ?? 0;
    this.#versions = before === undefined ? new Map() : undefined;
  }

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
    this.#versions?.set(row.stream, row.version);
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
    const problem = problemOfHash(this.#hash, row) ?? problemOfContent(row);
    if (problem !== undefined) return problem;
    const known = this.#versions;
    if (known !== undefined && row.version !== (known.get(row.stream) ?? 0) + 1) {
      return `version ${row.version} does not follow in ${row.stream}`;
    }
    if (row.recordedAt < this.#recordedAt) return "the time runs backwards";
    return undefined;
  }
}

/** The bytes of an event, with what was committed to. */
export type StoredContent = Pick<
  StoredEvent,
  "meta" | "metaSalt" | "metaCommitment" | "body" | "salt" | "commitment"
>;

/** What is folded of them. */
export type StoredBody = Pick<StoredContent, "body" | "salt" | "commitment">;

/** What is wrong with the bytes of an event, by themselves. */
export function problemOfContent(row: StoredContent): string | undefined {
  if (row.metaSalt === null || row.meta === null) return bytesMissing;
  if (!equal(row.metaCommitment, commit(row.metaSalt, row.meta))) {
    return "the meta is not what was committed to";
  }
  return problemOfBody(row);
}

/** The same of what is folded alone. */
export function problemOfBody(row: StoredBody): string | undefined {
  if (row.salt === null || row.body === null) return bytesMissing;
  if (!equal(row.commitment, commit(row.salt, row.body))) {
    return "the body is not what was committed to";
  }
  return undefined;
}

const bytesMissing = "bytes are missing, and no event says that they were erased";

/** What is wrong with the header of an event that follows on one with that hash. */
export function problemOfHash(
  previousHash: Uint8Array,
  row: EventHeader & Pick<StoredEvent, "hash">,
): string | undefined {
  return equal(row.hash, chainHash(previousHash, row))
    ? undefined
    : "the hash does not follow from the event and the hash before it";
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
