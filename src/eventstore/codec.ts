/** Between events as the domain knows them and rows of the log, in both directions. */

import { invariant } from "../domain/errors.js";
import { DomainEvent, EventMeta, type RecordedEvent, schemaVersion } from "../domain/event.js";
import { chainHash, commit, type StoredEvent } from "./frame.js";
import type { LoggedEvent } from "./store.js";

const utf8 = new TextDecoder("utf-8", { fatal: true });

export interface Salts {
  readonly salt: Uint8Array;
  readonly metaSalt: Uint8Array;
}

/** The row of an event, tied to the one before it. */
export function encode(
  recorded: RecordedEvent,
  salts: Salts,
  previousHash: Uint8Array,
): StoredEvent {
  const meta = Buffer.from(JSON.stringify(recorded.meta));
  const body = Buffer.from(JSON.stringify(recorded.event.data));
  const header = {
    position: recorded.position,
    stream: recorded.stream,
    version: recorded.version,
    namespace: recorded.namespace,
    bucketId: recorded.bucketId,
    eventId: recorded.eventId,
    transactionId: recorded.transactionId ?? null,
    type: recorded.event.type,
    schemaVersion,
    recordedAt: recorded.recordedAt,
    metaCommitment: commit(salts.metaSalt, meta),
    commitment: commit(salts.salt, body),
  };
  return {
    ...header,
    meta,
    metaSalt: salts.metaSalt,
    body,
    salt: salts.salt,
    hash: chainHash(previousHash, header),
  };
}

/** What of a row tells what happened, without what proves it. */
export type EventContent = Omit<
  StoredEvent,
  "metaSalt" | "metaCommitment" | "salt" | "commitment" | "hash"
>;

/** The event of a row, parsed by its schema: rows are a border like any other. */
export function decode(row: EventContent): RecordedEvent {
  invariant(row.body !== null && row.meta !== null, `the event at ${row.position} has no bytes`);
  invariant(
    row.schemaVersion === schemaVersion,
    `the event at ${row.position} has the unknown schema version ${row.schemaVersion}`,
  );
  return {
    position: row.position,
    stream: row.stream,
    version: row.version,
    namespace: row.namespace,
    bucketId: row.bucketId,
    eventId: row.eventId,
    transactionId: row.transactionId ?? undefined,
    recordedAt: row.recordedAt,
    meta: EventMeta.parse(JSON.parse(utf8.decode(row.meta))),
    event: DomainEvent.parse({ type: row.type, data: JSON.parse(utf8.decode(row.body)) }),
  };
}

/** The event of a row with the hashes around it. */
export function toLogged(row: StoredEvent, previousHash: Uint8Array): LoggedEvent {
  return { recorded: decode(row), hash: toHex(row.hash), previousHash: toHex(previousHash) };
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
