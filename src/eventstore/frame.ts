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

export function sha256(bytes: Uint8Array): Uint8Array {
  return hash("sha256", bytes, "buffer");
}

/** A digest that tells nothing of the bytes once the salt is gone: SHA-256(salt ‖ bytes). */
export function commit(salt: Uint8Array, bytes: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([salt, bytes]));
}

/** Ties an event to the one before it: SHA-256(previous hash ‖ frame). */
export function chainHash(previousHash: Uint8Array, header: EventHeader): Uint8Array {
  return sha256(Buffer.concat([previousHash, frame(header)]));
}

/**
 * The frame: a version byte, then each column with its length as 32 bits, big-endian; integers as
 * 64 bits; an absent column has the length 2^32 - 1 and no bytes.
 */
export function frame(header: EventHeader): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(frameVersion),
    ...integer(header.position),
    ...text(header.stream),
    ...integer(header.version),
    ...text(header.namespace),
    ...text(header.bucketId),
    ...text(header.eventId),
    ...(header.transactionId === null ? [length(absent)] : text(header.transactionId)),
    ...text(header.type),
    ...integer(header.schemaVersion),
    ...integer(header.recordedAt),
    ...bytes(header.metaCommitment),
    ...bytes(header.commitment),
  ]);
}

function length(value: number): Uint8Array {
  const buffer = Buffer.allocUnsafe(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

function integer(value: number): Uint8Array[] {
  const buffer = Buffer.allocUnsafe(8);
  buffer.writeBigInt64BE(BigInt(value));
  return bytes(buffer);
}

function text(value: string): Uint8Array[] {
  return bytes(Buffer.from(value, "utf8"));
}

function bytes(value: Uint8Array): Uint8Array[] {
  return [length(value.length), value];
}
