/**
 * What there is to say about one kind of resource. Each kind says it in its own folder (`kind.ts`),
 * and `resource.ts` has the one table of them: a kind that leaves something out does not compile.
 */
import type { z } from "zod";
import type { BucketState } from "./bucket/state.js";
import type { StatsChange } from "./bucket/stats.js";
import type { Change } from "./change.js";
import { BucketsError } from "./errors.js";
import type { RecordedEvent } from "./event.js";
import type { FieldCatalog } from "./filter/fields.js";
import type { JsonObject } from "./json.js";
import type { Moment } from "./moment.js";
import type { Pointer } from "./pointer.js";
import type { Reservation } from "./reservation.js";
import type { TaskResponse } from "./task.js";

/** As much of another resource as a decision about it needs. */
export interface Related {
  readonly kind: string;
  readonly bucket_id: string;
  readonly namespace?: string | undefined;
  readonly status?: string | undefined;
  readonly deleted?: object | undefined;
}

/** What a command is decided with, beside the state of its own resource. */
export interface DecisionContext {
  readonly moment: Moment;
  /** The bucket that the resource is in, which exists; undefined for what is in none. */
  readonly owner: BucketState | undefined;
  /** What the command names by its id, if there is such a thing. */
  readonly related: (id: string) => Related | undefined;
  /** The id of the object that a command right before, of the same operation, was about. */
  readonly precedingObject: string | undefined;
}

/** An event of a kind with the states around it. */
interface Applied<State, Event> {
  readonly event: Event;
  readonly before: State | undefined;
  readonly after: State;
}

/** What an event does to the statistics of the bucket, beside when. */
type StatsMove = Omit<StatsChange, "position" | "recordedAt">;

/** What the id of a kind is called: it begins as the kind does. */
type IdNameOf<State extends Tagged<string>> =
  State extends Tagged<string> ? keyof State & `${State["kind"]}${string}_id` : never;

/** Where the current states of a kind are kept. */
interface StateTable<State extends Tagged<string>> {
  readonly name: string;
  /** The column of the id, which is also what the id is called in answers. */
  readonly id: IdNameOf<State>;
  /** What queries and indexes need beside what every table of states has. */
  readonly columns: Readonly<Record<string, (state: State) => string | number | undefined>>;
}

interface Tagged<Name> {
  readonly kind: Name;
}

interface Typed {
  readonly type: string;
}

export interface Kind<State extends Tagged<string>, Command extends Typed, Event extends Typed> {
  /** Its states are tagged with it, and its events begin with it. */
  readonly name: State["kind"];
  /** Of its ids, up to the underscore: the kind is known by it. */
  readonly prefix: string;
  /** Each of its commands. */
  readonly commands: Readonly<Record<Command["type"], true>>;
  /** True for a command that is for what was deleted. */
  readonly restores: (command: Command) => boolean;
  /** The id, which names the stream. */
  readonly id: (state: State) => string;
  /** What history, diff and blame are about. */
  readonly document: (state: State) => JsonObject;
  /**
   * Why nothing is left to do for a command, if so: what it says was said before, or what is newer was
   * here first. It is then neither carried out nor refused.
   */
  readonly needless: (state: State | undefined, command: Command) => string | undefined;
  /** The event that a command makes happen. Existence and preconditions were checked before. */
  readonly decide: (state: State | undefined, command: Command, context: DecisionContext) => Event;
  /** The state after an event, and the only way that a state is ever made. */
  readonly evolve: (state: State | undefined, recorded: RecordedEvent<Event>) => State;
  /** What an event did to the document. */
  readonly changes: (event: Event) => readonly Change[];
  /** Changes as they may be shown: secrets are masked, user data is not touched. */
  readonly shown: (changes: readonly Change[]) => readonly Change[];
  /** The same of a document. */
  readonly shownDocument: (document: JsonObject) => JsonObject;
  /** What it keeps for itself, so that no other can have it. */
  readonly reservations: (state: State) => readonly Reservation[];
  /**
   * The reservations whose holder a command is about, although it does not name it by its id: that
   * of the first one that is held.
   */
  readonly holderKeys: (command: Command, owner: BucketState) => readonly Reservation[];
  /** The refusal of what another holds already. */
  readonly taken: (reservation: Reservation, holder: string) => BucketsError;
  /** The references of every secret that is kept for it. */
  readonly secrets: (state: State) => readonly string[];
  /** When something is to be done about it by itself (RFC 3339). */
  readonly dueAt: (state: State) => string | undefined;
  /** What an event does to the statistics of the bucket; undefined for one that never moves any. */
  readonly statistics: (applied: Applied<State, Event>) => StatsMove | undefined;
  /** The stored contents that it refers to, by their hashes. */
  readonly references: (state: State) => readonly string[];
  /**
   * The task that it says to go on, or to have gone on.
   *
   * @param objectCount how many objects the bucket holds.
   * @param at milliseconds.
   */
  readonly task: (state: State, objectCount: () => number, at: number) => TaskResponse | undefined;
  readonly table: StateTable<State>;
  /** The shape of it as it is answered. */
  readonly answer: z.ZodType;
}

/**
 * What its bucket has to take for something in it to change: no lock or suspension stands in the way of
 * `anything`, and an archived bucket takes `writes`, but no `objects`.
 */
export type OwnerTakes = "objects" | "writes" | "anything";

/** How what is in a bucket is listed: filters, sorts and searches are about it as it is answered. */
interface MemberListing<State> {
  readonly catalog: FieldCatalog;
  /** The fields that are searched by `search`. */
  readonly searched: readonly string[];
  /** It as it is answered. @param at the moment that the list is about, milliseconds. */
  readonly fields: (state: State, at: number) => JsonObject;
  /** Where a root field stands in the state as it is answered; undefined for what is made. */
  readonly stored: (field: string) => Pointer | undefined;
}

/** A kind of what is in a bucket. */
export interface MemberOf<State extends Tagged<string>, Command extends Typed, Event extends Typed>
  extends Kind<State, Command, Event> {
  readonly ownerTakes: OwnerTakes;
  readonly listing: MemberListing<State>;
}

/** What a kind says that has nothing of a sort. It has to say so: nothing is taken for granted. */
export const nothing = {
  list: (): readonly never[] => [],
  known: (): undefined => undefined,
  restored: (): boolean => false,
  taken: (reservation: Reservation): BucketsError =>
    new BucketsError("INTERNAL", `Nobody can hold ${reservation.scope} ${reservation.key}.`),
  masked: <Shown>(value: Shown): Shown => value,
} as const;

/** Root fields that are stored, with where in the state they are. */
export function places(
  fields: Readonly<Record<string, Pointer>>,
): (field: string) => Pointer | undefined {
  const known = new Map(Object.entries(fields));
  return (field) => known.get(field);
}
