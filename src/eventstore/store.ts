/**
 * The port of the event store: what every engine offers, and what passes through it. Nothing here
 * knows of SQLite. Writes go through the planner, so that every engine decides alike.
 */
import type { BucketCommand } from "../domain/bucket/commands.js";
import type { BucketState } from "../domain/bucket/state.js";
import type { BucketsError } from "../domain/errors.js";
import type { EventMeta, RecordedEvent } from "../domain/event.js";
import type { StoredEvent } from "./frame.js";

/** The end of the log. Position 0 with 64 zeros is the empty log. */
export interface Head {
  readonly position: number;
  readonly hash: Uint8Array;
  readonly recordedAt: number;
}

/** What the caller requires of the version (CONTRACT: writing with care). */
export interface Precondition {
  /** Versions of which the current one must be one; `"*"` is any. A weak tag matches none. */
  readonly ifMatch: readonly number[] | "*" | undefined;
  /** Versions of which the current one must be none. */
  readonly ifNoneMatch: readonly number[] | "*" | undefined;
  /** The server runs with `--require-if-match`. */
  readonly isRequired: boolean;
}

/** An encrypted value and the reference that stands for it in events. */
export interface SealedSecret {
  readonly reference: string;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** A command with its target and everything that is not for the domain to make up. */
export interface TargetedCommand {
  readonly target:
    | { readonly kind: "new"; readonly id: string }
    | { readonly kind: "existing"; readonly identifier: string };
  readonly command: BucketCommand;
  readonly precondition: Precondition;
  /** Kept as far as the event refers to them. */
  readonly secrets: readonly SealedSecret[];
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
  readonly meta: EventMeta;
  readonly idempotency: IdempotencyKey | undefined;
  readonly transactionId: string | undefined;
  /** The size of the request, for the bounds of queue and batch. */
  readonly bytes: number;
}

/** Where an accepted command left its stream. */
export interface Placement {
  readonly stream: string;
  readonly version: number;
  readonly position: number;
}

export interface CommandResult extends Placement {
  readonly state: BucketState;
  readonly recorded: RecordedEvent;
}

export type Outcome =
  | { readonly kind: "committed"; readonly results: readonly CommandResult[] }
  /** The key was seen before: nothing was done again, here is what was done then. */
  | { readonly kind: "replayed"; readonly results: readonly Placement[] }
  /** How many commands would have been accepted: the next one is what was refused. */
  | { readonly kind: "refused"; readonly error: BucketsError; readonly accepted: number };

/** An event with the hashes around it, as history shows it. */
export interface LoggedEvent {
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

/** Which events of a namespace are wanted: every part that is given must hold. */
export interface EventFilter {
  readonly namespace: string;
  readonly eventId?: string | undefined;
  readonly stream?: string | undefined;
  readonly types?: readonly string[] | undefined;
  readonly actor?: string | undefined;
  /** Inclusive bounds on when it was recorded, milliseconds. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** One page of what was found, and how many there are in all. */
export interface FoundEvents {
  readonly events: readonly RecordedEvent[];
  readonly total: number;
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

export type Health =
  | { readonly ready: true; readonly durability: Durability }
  | { readonly ready: false; readonly durability: Durability; readonly reason: string };

export type Durability = "full" | "relaxed" | "none";

export interface EventStore {
  /**
   * Plans the units in order and commits them in one durable transaction. Resolves after the
   * commit, with one outcome for each unit; a refused unit does not disturb its neighbours.
   *
   * @throws STORAGE_FULL when nothing was written; OUTCOME_UNKNOWN when the commit failed in a
   * way that may or may not show after a restart; NOT_READY until it is known again.
   */
  commit(units: readonly Unit[]): Promise<readonly Outcome[]>;
  /** What committing the unit would give, on the state of now; nothing is recorded. */
  preview(unit: Unit): Promise<Outcome>;
  head(): Promise<Head>;
  /** The last event of the stream at or before the point, if the stream had begun by then. */
  placeAt(stream: string, point: StreamPoint): Promise<EventPlace | undefined>;
  /** The state of the stream after the event of that version. */
  stateAt(stream: string, version: number): Promise<BucketState | undefined>;
  /**
   * The state of each stream after its last event at or before the point, without those that had not
   * begun by then. The cost grows with the streams and not with the length of their histories.
   */
  statesAt(streams: readonly string[], point: StreamPoint): Promise<readonly BucketState[]>;
  readStream(stream: string, page: StreamPage): Promise<readonly LoggedEvent[]>;
  /** Rows of the log after a position, in order, as they are stored. */
  readLog(after: number, limit: number): Promise<readonly StoredEvent[]>;
  /**
   * Events by a filter, newest first. The cost is that of counting what is in the time range of the
   * namespace, or of the stream when one is given; those of an actor have to be read as well.
   */
  find(
    filter: EventFilter,
    page: { readonly skip: number; readonly limit: number },
  ): Promise<FoundEvents>;
  health(): Promise<Health>;
  /** Idempotent; waits for what is in flight. */
  close(): Promise<void>;
}
