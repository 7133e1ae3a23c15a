/**
 * What an event is to the hash chain: salted commitments of its bytes, and a frame of its header.
 * The layout is fixed for ever and pinned by a golden vector; see DESIGN: what an event holds.
 */
import { hash } from "node:crypto";

/** An event as it is stored: one row of the log. Bytes are null only once they were erased. */
export interface StoredEvent {
  readonly position: number;
  readonly stream: string;
  readonly version: number;
  readonly namespace: string;
  readonly bucketId: string;
  readonly eventId: string;
  readonly transactionId: string | null;
  readonly type: string;
  readonly schemaVersion: number;
  readonly recordedAt: number;
  readonly meta: Uint8Array | null;
  readonly metaSalt: Uint8Array | null;
  readonly metaCommitment: Uint8Array;
  readonly body: Uint8Array | null;
  readonly salt: Uint8Array | null;
  readonly commitment: Uint8Array;
  readonly hash: Uint8Array;
}

/** The columns that the hash covers. */
export type EventHeader = Omit<StoredEvent, "meta" | "metaSalt" | "body" | "salt" | "hash">;

const hashBytes = 32;

/** The previous hash of position 1. */
export const zeroHash: Uint8Array = new Uint8Array(hashBytes);

const frameVersion = 1;
const absent = 0xffffffff;

/** By way of a string: a buffer of `hash` is memory of its own, which takes twice as long as to hash. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return Buffer.from(hash("sha256", bytes, "hex"), "hex");
}

/** A digest that tells nothing of the bytes once the salt is gone: SHA-256(salt ‖ bytes). */
export function commit(salt: Uint8Array, bytes: Uint8Array): Uint8Array {
  return digestOf(salt, bytes);
}

/** SHA-256 of pieces, one behind the other. */
export function digestOf(...pieces: readonly Uint8Array[]): Uint8Array {
  const into = new Writing(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  for (const piece of pieces) into.raw(piece);
  return sha256(into.written);
}

/** Ties an event to the one before it: SHA-256(previous hash ‖ frame). */
export function chainHash(previousHash: Uint8Array, header: EventHeader): Uint8Array {
  const into = new Writing(previousHash.length + frameBytesMax(header));
  into.raw(previousHash);
  writeFrame(into, header);
  return sha256(into.written);
}

/**
 * The frame: a version byte, then each column with its length as 32 bits, big-endian; integers as
 * 64 bits; an absent column has the length 2^32 - 1 and no bytes.
 */
export function frame(header: EventHeader): Uint8Array {
  const into = new Writing(frameBytesMax(header));
  writeFrame(into, header);
  return Uint8Array.from(into.written);
}

function writeFrame(into: Writing, header: EventHeader): void {
  into.raw(versionByte);
  into.integer(header.position);
  into.text(header.stream);
  into.integer(header.version);
  into.text(header.namespace);
  into.text(header.bucketId);
  into.text(header.eventId);
  if (header.transactionId === null) into.length(absent);
  else into.text(header.transactionId);
  into.text(header.type);
  into.integer(header.schemaVersion);
  into.integer(header.recordedAt);
  into.bytes(header.metaCommitment);
  into.bytes(header.commitment);
}

/** No letter has more bytes as UTF-8. */
const letterBytesMax = 3;

function frameBytesMax(header: EventHeader): number {
  const { stream, namespace, bucketId, eventId, transactionId, type } = header;
  const letters =
    stream.length +
    namespace.length +
    bucketId.length +
    eventId.length +
    (transactionId?.length ?? 0) +
    type.length;
  const digests = header.metaCommitment.length + header.commitment.length;
  // The version byte, twelve lengths, four integers.
  return 1 + 12 * 4 + 4 * 8 + letterBytesMax * letters + digests;
}

const versionByte = Uint8Array.of(frameVersion);

/** What most of what is hashed has room in; nothing is kept in it. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** Bytes that are put together to be hashed at once, and are over with the next that are. */
class Writing {
  readonly #into: Buffer;
  #at = 0;

  constructor(bytesMax: number) {
    this.#into = bytesMax <= scratch.length ? scratch : Buffer.allocUnsafe(bytesMax);
  }

  get written(): Uint8Array {
    return this.#into.subarray(0, this.#at);
  }

  raw(value: Uint8Array): void {
    this.#into.set(value, this.#at);
    this.#at += value.length;
  }

  length(value: number): void {
    this.#at = this.#into.writeUInt32BE(value, this.#at);
  }

  integer(value: number): void {
    this.length(8);
    this.#at = this.#into.writeBigInt64BE(BigInt(value), this.#at);
  }

  text(value: string): void {
    const bytes = this.#into.write(value, this.#at + 4, "utf8");
    this.length(bytes);
    this.#at += bytes;
  }

  bytes(value: Uint8Array): void {
    this.length(value.length);
    this.raw(value);
  }
}
