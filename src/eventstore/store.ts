/**
 * The port of the event store: what every engine offers, and what passes through it. Nothing here
 * knows of SQLite. Writes go through the planner, so that every engine decides alike.
 */
import { z } from "zod";
import { type BucketsError, errorCodes } from "../domain/errors.js";
import type { EventMeta, RecordedEvent } from "../domain/event.js";
import type { ResourceCommand, ResourceState } from "../domain/resource.js";
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

/** What a command is about. A `bucket` is named by its id or its exact name. */
export type Target =
  /** A bucket or connection that begins with the command. */
  | { readonly kind: "new"; readonly id: string }
  | { readonly kind: "existing"; readonly identifier: string }
  /** A connection, by its id. */
  | { readonly kind: "connection"; readonly id: string }
  /** An object, batch or upload that begins with the command, unless its key is taken. */
  | { readonly kind: "new_member"; readonly bucket: string; readonly id: string }
  | { readonly kind: "member"; readonly bucket: string; readonly id: string };

/** A command with its target and everything that is not for the domain to make up. */
export interface TargetedCommand {
  readonly target: Target;
  readonly command: ResourceCommand;
  /** Which operation of the unit it is of, from 0: the commands of one are accepted or refused as one. */
  readonly operation: number;
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
  /** `each`: an operation that is refused does not keep the others from being accepted. */
  readonly acceptance?: "each";
  /** With `each`: the operations that were refused before they became commands. */
  readonly refusals?: readonly RefusedOperation[];
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
  readonly state: ResourceState;
  readonly recorded: RecordedEvent;
}

/** An operation of a unit whose operations are accepted one by one, and why it was not. */
export const RefusedOperation = z.object({
  /** Its place among all that the unit was asked for, from 0. */
  index: z.number(),
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

/** The results are those of the accepted commands, in their order. */
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

/** A point in the whole log, in which a version means nothing. */
export type LogPoint = Exclude<StreamPoint, { readonly kind: "version" }>;

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
  stateAt(stream: string, version: number): Promise<ResourceState | undefined>;
  /**
   * The state of each stream after its last event at or before the point, without those that had not
   * begun by then. The cost grows with the streams and not with the length of their histories.
   */
  statesAt(streams: readonly string[], point: StreamPoint): Promise<readonly ResourceState[]>;
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
  /** An encrypted value that a state refers to; undefined once none does. */
  secret(reference: string): Promise<SealedSecret | undefined>;
  health(): Promise<Health>;
  /** Idempotent; waits for what is in flight. */
  close(): Promise<void>;
}
