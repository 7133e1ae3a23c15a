/**
 * Every kind of resource that has a stream of events of its own. What is true of all of them is
 * told apart here, once; the rules of each kind are in its own folder.
 */
import { z } from "zod";
import type { BucketCommand } from "./bucket/commands.js";
import { decideBucket, type Moment } from "./bucket/decide.js";
import { bucketReservations, type Reservation } from "./bucket/reservations.js";
import { BucketState, evolveBucket } from "./bucket/state.js";
import { invariant } from "./errors.js";
import type { DomainEvent, RecordedEvent } from "./event.js";
import { jsonEqual, toJson } from "./json.js";

export const ResourceState = z.discriminatedUnion("kind", [BucketState]);
export type ResourceState = Readonly<z.infer<typeof ResourceState>>;
export type ResourceKind = ResourceState["kind"];

/** The state of one kind. */
export type StateOf<Kind extends ResourceKind> = Extract<ResourceState, { readonly kind: Kind }>;

export type ResourceCommand = BucketCommand;

/** Counts the changes to what `evolve` makes of the same events: saved states of another are void. */
export const reducerVersion = 1;

const prefixes = { bucket: "bkt_" } as const satisfies Record<ResourceKind, string>;

const kinds = Object.keys(prefixes).filter((name): name is ResourceKind => name in prefixes);

/** The kind of the resource with that id; ids tell by their prefix. */
export function kindOfStream(stream: string): ResourceKind | undefined {
  return kinds.find((kind) => stream.startsWith(prefixes[kind]));
}

/** The kind of resource that the command is for. */
export function kindOfCommand(_: ResourceCommand): ResourceKind {
  return "bucket";
}

/** The id of the resource, which names its stream. */
export function streamOf(state: ResourceState): string {
  return state.bucket_id;
}

/** The ids of the resource, as details of an error name them. */
export function idsOf(state: ResourceState): Readonly<Record<string, string>> {
  return { bucket_id: state.bucket_id };
}

/** True for the commands that are for what was deleted. */
export function isRestoring(command: ResourceCommand): boolean {
  return command.type === "restore_bucket";
}

/** The reservation whose holder the command is about, although it does not name it by its id. */
export function claimOf(_: ResourceCommand, __: BucketState): Reservation | undefined {
  return undefined;
}

/** What a command is decided with, beside the state of its own resource. */
export interface DecisionContext {
  readonly moment: Moment;
  /** The bucket of an object, batch or upload; undefined for a bucket. */
  readonly owner: BucketState | undefined;
  /** The state of another resource that the command names. */
  readonly related: (id: string) => ResourceState | undefined;
}

/**
 * The event that the command makes happen. Existence and preconditions were checked before.
 *
 * @throws what the decider of its kind throws.
 */
export function decide(
  state: ResourceState | undefined,
  command: ResourceCommand,
  { moment }: DecisionContext,
): DomainEvent {
  return decideBucket(only("bucket", state), command, moment);
}

/** The state after the event. Pure, and the only way that a state is ever made. */
export function evolve(state: ResourceState | undefined, recorded: RecordedEvent): ResourceState {
  const { event } = recorded;
  return evolveBucket(only("bucket", state), { ...recorded, event });
}

/** The state after many events. */
export function fold(
  events: Iterable<RecordedEvent>,
  from: ResourceState | undefined = undefined,
): ResourceState | undefined {
  let state = from;
  for (const recorded of events) state = evolve(state, recorded);
  return state;
}

/** What the resource keeps for itself, so that no other can have it. */
export function reservationsOf(state: ResourceState): readonly Reservation[] {
  return bucketReservations(state);
}

/** The state as that of a kind which it is known to be of. */
export function stateOfKind<Kind extends ResourceKind>(
  kind: Kind,
  state: ResourceState,
): StateOf<Kind> {
  invariant(isOfKind(kind, state), `${streamOf(state)} is no ${kind}`);
  return state;
}

function only<Kind extends ResourceKind>(kind: Kind, state: ResourceState | undefined) {
  return state === undefined ? undefined : stateOfKind(kind, state);
}

function isOfKind<Kind extends ResourceKind>(
  kind: Kind,
  state: ResourceState,
): state is StateOf<Kind> {
  return state.kind === kind;
}

/** Equality of states; documents are compared by themselves, because they may be as deep as allowed. */
export function sameState(a: ResourceState | undefined, b: ResourceState | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const { document: documentOfA, ...restOfA } = a;
  const { document: documentOfB, ...restOfB } = b;
  return jsonEqual(documentOfA, documentOfB) && jsonEqual(toJson(restOfA), toJson(restOfB));
}
