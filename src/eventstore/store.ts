/**
 * The port of the event store: what every engine offers, and what passes through it. Nothing here
 * knows of SQLite. Writes go through the planner, so that every engine decides alike.
 */

import { z } from "zod";
import { type BucketsError, errorCodes } from "../domain/errors.js";
import type { EventMeta, RecordedEvent } from "../domain/event.js";
import type { Health, HealthCheck } from "../domain/health.js";
import type { UnreadableEvent } from "../domain/history.js";
import type { Within } from "../domain/namespace/within.js";
import type { Precondition } from "../domain/precondition.js";
import type { Fault } from "../domain/reports.js";
import type {
  AppliedEvent,
  BlamedState,
  ResourceCommand,
  ResourceState,
} from "../domain/resource.js";
import type { StoredEvent } from "./frame.js";

/** The end of the log. Position 0 with 64 zeros is the empty log. */
export interface Head {
  readonly position: number;
  readonly hash: Uint8Array;
  readonly recordedAt: number;
}

/** An encrypted value and the reference that stands for it in events. */
export interface SealedSecret {
  readonly reference: string;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
  /** Of the key; undefined for what was sealed before keys had ids. */
  readonly keyId: string | undefined;
}

/** What a command is about. A `bucket` is named by its id or its exact name. */
export type Target =
  /** What begins with the command and is in no bucket: a bucket itself, a connection. */
  | { readonly kind: "new"; readonly id: string }
  | { readonly kind: "existing"; readonly identifier: string }
  /** What is in no bucket, by its id. */
  | { readonly kind: "unowned"; readonly id: string }
  /** What begins in a bucket with the command, unless another holds one of its keys. */
  | { readonly kind: "new_member"; readonly bucket: string; readonly id: string }
  | { readonly kind: "member"; readonly bucket: string; readonly id: string }
  /** The batch that was submitted first, of those that wait for a worker; alone in its unit. */
  | { readonly kind: "next_batch" };

/** A command with its target and everything that is not for the domain to make up. */
export interface TargetedCommand {
  readonly target: Target;
  readonly command: ResourceCommand;
  /** Which operation of the unit it is of, from 0: the commands of one are accepted or refused as one. */
  readonly operation: number;
  readonly precondition: Precondition;
  /** Kept as far as the event refers to them. */
  readonly secrets: readonly SealedSecret[];
  /** SHA-256 of the secret by which an access token opens from now on; no event has it. */
  readonly digest?: Uint8Array | undefined;
  readonly eventId: string;
  /** Why, when it is another reason than that of the unit. */
  readonly reason?: string | undefined;
  readonly salt: Uint8Array;
  readonly metaSalt: Uint8Array;
}

export interface IdempotencyKey {
  /** Namespace and token: a key means nothing outside of it. */
  readonly scope: string;
  readonly key: string;
  /** Digest of method, path with query, media type and body. */
  readonly fingerprint: string;
}

/** Commands that are accepted or refused as one: a PATCH is a unit of one. */
export interface Unit {
  readonly namespace: string;
  readonly commands: readonly TargetedCommand[];
  /** `each`: an operation that is refused does not keep the others from being accepted. */
  readonly acceptance?: "each";
  /** With `each`: the operations that were refused before they became commands. */
  readonly refusals?: readonly RefusedOperation[];
  readonly meta: EventMeta;
  readonly idempotency: IdempotencyKey | undefined;
  readonly transactionId: string | undefined;
  /** The size of the request, for the bounds of queue and commit. */
  readonly bytes: number;
}

/** Where an accepted command left its stream. */
export interface Placement {
  readonly stream: string;
  readonly version: number;
  readonly position: number;
}

export interface CommandResult extends Placement {
  readonly state: ResourceState;
  readonly recorded: RecordedEvent;
}

/** An operation of a unit whose operations are accepted one by one, and why it was not. */
export const RefusedOperation = z.object({
  /** Its place among all that the unit was asked for, from 0. */
  index: z.int().nonnegative(),
  code: z.enum(errorCodes),
  message: z.string(),
  details: z.record(z.string(), z.unknown()),
});
export type RefusedOperation = Readonly<z.infer<typeof RefusedOperation>>;

export function refusedOperation(
  { code, message, details }: BucketsError,
  index: number,
): RefusedOperation {
  return { index, code, message, details: { ...details } };
}

/** The results are those of the accepted commands, in their order: none where no batch waits. */
export type Outcome =
  | {
      readonly kind: "committed";
      readonly results: readonly CommandResult[];
      readonly refusals?: readonly RefusedOperation[];
    }
  /** The key was seen before: nothing was done again, here is what was done then. */
  | {
      readonly kind: "replayed";
      readonly results: readonly Placement[];
      readonly refusals?: readonly RefusedOperation[];
    }
  /** Nothing was done, because for one command there was nothing left to do: what it is about stands. */
  | {
      readonly kind: "needless";
      readonly why: string;
      readonly stands: ResourceState | undefined;
      /** How many commands would have been accepted before it. */
      readonly accepted: number;
    }
  /** How many commands would have been accepted: the next one is what was refused. */
  | { readonly kind: "refused"; readonly error: BucketsError; readonly accepted: number };

/** What was answered under a key. */
export interface IdempotencyRow extends IdempotencyKey {
  readonly recordedAt: number;
  readonly results: readonly Placement[];
  readonly refusals?: readonly RefusedOperation[];
}

/** An event with the hashes around it, as history shows it. */
export interface LoggedEvent {
  /** How large it is in the log. */
  readonly bytes: number;
  readonly recorded: RecordedEvent;
  readonly hash: string;
  readonly previousHash: string;
}

export interface StreamPage {
  readonly order: "asc" | "desc";
  /** Inclusive bounds on the version. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

/** Which events are wanted: every part that is given must hold. */
export interface EventFilter {
  /** Of these namespaces; of all unless given. */
  readonly within: Within;
  readonly eventId?: string | undefined;
  readonly stream?: string | undefined;
  readonly types?: readonly string[] | undefined;
  readonly actor?: string | undefined;
  /** Inclusive bounds on when it was recorded, milliseconds. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** A part of what is found, the newest first. */
export interface FoundPage {
  readonly skip: number;
  readonly limit: number;
  /** Only what was recorded before that event, which stays the same while others are recorded. */
  readonly before?: EventPosition | undefined;
  /** It ends once so many bytes of events are in it, and holds one at least; no bound unless given. */
  readonly bytesMax?: number | undefined;
}

interface EventPosition {
  readonly position: number;
  /** Milliseconds. */
  readonly recordedAt: number;
}

/** One page of what was found, and how many there are in all. */
export interface FoundEvents {
  readonly events: readonly (RecordedEvent | UnreadableEvent)[];
  /** Whether there are more though these are fewer than the limit, because of their size. */
  readonly isCut: boolean;
  readonly total: number;
}

/** The events of a namespace between two times, in steps of a length. */
export interface TimeFilter {
  readonly namespace: string;
  /** Milliseconds, inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly stepMs: number;
}

/** How many events of a type there are in a step, the first of which is 0. */
export interface CountedEvents {
  readonly step: number;
  readonly type: string;
  readonly count: number;
}

/** An event's place in its stream and in time. */
export interface EventPlace {
  readonly version: number;
  readonly position: number;
  readonly recordedAt: number;
}

/** A question about the past of one stream: its last event at or before the point. */
export type StreamPoint =
  | { readonly kind: "version"; readonly version: number }
  | { readonly kind: "position"; readonly position: number }
  | { readonly kind: "time"; readonly time: number };

/** A point in the whole log, in which a version means nothing. */
export type LogPoint = Exclude<StreamPoint, { readonly kind: "version" }>;

/** What is known of whether the log is what was written, from what was read of it. */
export interface KnownIntegrity {
  /** What was found first. */
  readonly fault: Fault | undefined;
  /** Somebody found it: this store, a reader of the same file, or whoever goes through all of it. */
  report(fault: Fault): void;
  /** @throws TAMPERED once anything was found: nothing is written then. */
  assertSound(): void;
  check(): HealthCheck;
}

export interface EventStore {
  /**
   * Plans the units in order and commits them in one durable transaction. Resolves after the
   * commit, with one outcome for each unit; a refused unit does not disturb its neighbours. Where
   * they are about much, only the first ones are carried out: there are as many outcomes, and at
   * least one where there is a unit.
   *
   * @throws STORAGE_FULL when nothing was written; OUTCOME_UNKNOWN when the commit failed in a
   * way that may or may not show after a restart; NOT_READY until it is known again.
   */
  commit(units: readonly Unit[]): Promise<readonly Outcome[]>;
  /** What committing the unit would give, on the state of now; nothing is recorded. */
  preview(unit: Unit): Promise<Outcome>;
  head(): Promise<Head>;
  /** When the newest event was recorded, as far as is known without reading; every answer asks. */
  newestAt(): number;
  /** Whether `onChange` tells of all that changes what is read: not where others may write. */
  knowsChanges(): boolean;
  /**
   * Tells what a commit changed, before anybody is told of the commit; undefined where more may have
   * changed, or less, than is known.
   */
  onChange(tell: (applied: readonly AppliedEvent[] | undefined) => void): void;
  /** The last event of the stream at or before the point, if the stream had begun by then. */
  placeAt(stream: string, point: StreamPoint): Promise<EventPlace | undefined>;
  /** The state of the stream after the event of that version. */
  stateAt(stream: string, version: number): Promise<ResourceState | undefined>;
  /** The same, with which events had set what its document has. */
  foldedAt(stream: string, version: number): Promise<BlamedState | undefined>;
  /**
   * The state of each stream after its last event at or before the point, without those that had not
   * begun by then. The cost grows with the streams and not with the length of their histories.
   */
  statesAt(streams: readonly string[], point: StreamPoint): Promise<readonly ResourceState[]>;
  /** Fewer events than the limit where they are large, but one where there is one. */
  readStream(stream: string, page: StreamPage): Promise<readonly (LoggedEvent | UnreadableEvent)[]>;
  /**
   * Rows of the log after a position, in order, as they are stored; fewer than the limit where they are
   * large (`sliceBytesMax`), but one where there is one. They end before one that was altered.
   * @throws TAMPERED when that is the first.
   */
  readLog(after: number, limit: number): Promise<readonly StoredEvent[]>;
  /** The position of the first event of the namespace after that one; no event is read. */
  nextOf(namespace: string, after: number): Promise<number | undefined>;
  /** What was answered under idempotency keys between two times, inclusive, in an order that stays. */
  answeredKeys(from: number, to: number): Promise<readonly IdempotencyRow[]>;
  /**
   * Events by a filter, newest first. The cost is that of counting what is in the time range of the
   * namespace, or of the stream when one is given; those of an actor have to be read as well.
   */
  find(filter: EventFilter, page: FoundPage): Promise<FoundEvents>;
  /**
   * How many events of a namespace there are of each type in each step of a range, the first step
   * first. The cost is that of counting those in the range; none of them is read.
   */
  countByTime(filter: TimeFilter): Promise<readonly CountedEvents[]>;
  /** An encrypted value that a state refers to; undefined once none does. */
  secret(reference: string): Promise<SealedSecret | undefined>;
  /** Whether what was read is what was written; nothing is written once it is known not to be. */
  readonly integrity: KnownIntegrity;
  health(): Promise<Health>;
  /** Idempotent; waits for what is in flight. */
  close(): Promise<void>;
}
