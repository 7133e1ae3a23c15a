/** Between events as the domain knows them and rows of the log, in both directions. */

import { z } from "zod";
import { BucketsError, invariant } from "../domain/errors.js";
import {
  DomainEvent,
  EventMeta,
  formatTime,
  type RecordedEvent,
  schemaVersion,
} from "../domain/event.js";
import { isUnreadable, type UnreadableEvent } from "../domain/history.js";
import { applied, type BlamedState, evolve, type ResourceState } from "../domain/resource.js";
import { chainHash, commit, type StoredEvent } from "./frame.js";
import { storedBytes } from "./slice.js";
import type { LoggedEvent } from "./store.js";

/** Of what makes an event unreadable. */
const issuesToldMax = 3;

const utf8 = new TextDecoder("utf-8", { fatal: true });

export interface Salts {
  readonly salt: Uint8Array;
  readonly metaSalt: Uint8Array;
}

/**
 * Holds an event to the schema that it will be read back by. A log cannot be repaired, so what could
 * not be read is never written; only the unit that brings it is refused.
 *
 * @throws INTERNAL for what can only come from a fault of ours, since callers are held to theirs.
 */
export function assertRecordable({ meta, event, stream }: RecordedEvent): void {
  const parsed = [EventMeta.safeParse(meta), DomainEvent.safeParse(event)];
  const error = parsed.find(({ success }) => !success)?.error;
  if (error === undefined) return;
  throw new BucketsError(
    "INTERNAL",
    `The event ${event.type} of ${stream} could not be read back, and is not recorded: ${problemOf(error)}.`,
  );
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

/** What of a row tells what a stream is folded to: whoever did it, or why, changes no state. */
export type FoldedContent = Omit<EventContent, "meta">;

/** What is wrong, on one line. */
export function problemOf(error: unknown): string {
  const told =
    error instanceof z.ZodError
      ? error.issues
          .slice(0, issuesToldMax)
          .map(({ path, message }) => [...path.map(String), message].join(": "))
          .join("; ")
      : error instanceof Error
        ? error.message
        : String(error);
  return told.replaceAll(/\p{Cc}/gu, " ");
}

/** The event of a row, parsed by its schema: rows are a border like any other. */
export function decode(row: EventContent): RecordedEvent {
  invariant(row.meta !== null, `the event at ${row.position} has no meta`);
  return decodedWith(EventMeta.parse(JSON.parse(utf8.decode(row.meta))), row);
}

/** The event of a row, with nothing of who did it and why. @throws for what cannot be read either. */
export function withoutMeta(row: FoldedContent): RecordedEvent {
  return decodedWith(noMeta, row);
}

const noMeta: EventMeta = { actor: "", request_id: "" };

function decodedWith(meta: EventMeta, row: FoldedContent): RecordedEvent {
  invariant(row.body !== null, `the event at ${row.position} has no bytes`);
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
    meta,
    event: DomainEvent.parse({ type: row.type, data: JSON.parse(utf8.decode(row.body)) }),
  };
}

/** The event of a row, or what can be said of one that cannot be read. */
export function read(row: EventContent): RecordedEvent | UnreadableEvent {
  try {
    return decode(row);
  } catch (error) {
    return {
      event_id: row.eventId,
      stream: row.stream,
      version: row.version,
      position: row.position,
      type: row.type,
      recorded_at: formatTime(row.recordedAt),
      problem: problemOf(error),
    };
  }
}

/** The same with the hashes around it. */
export function toLogged(
  row: StoredEvent,
  previousHash: Uint8Array,
): LoggedEvent | UnreadableEvent {
  const recorded = read(row);
  if (isUnreadable(recorded)) return recorded;
  const bytes = storedBytes(row);
  return { bytes, recorded, hash: toHex(row.hash), previousHash: toHex(previousHash) };
}

/**
 * What a stream is folded to with the event of a row. It is what happened that counts, whoever it says
 * did it: only an event of which that cannot be read is passed over.
 */
export function foldRow(
  folded: BlamedState | undefined,
  row: FoldedContent,
): BlamedState | undefined {
  try {
    const { after, blame } = applied(folded, withoutMeta(row));
    return { state: after, blame };
  } catch {
    return folded;
  }
}

/** The same of the state alone. */
export function evolveRow(
  state: ResourceState | undefined,
  row: FoldedContent,
): ResourceState | undefined {
  try {
    return evolve(state, withoutMeta(row));
  } catch {
    return state;
  }
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
