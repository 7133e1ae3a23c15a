/**
 * Every kind of resource that has a stream of events of its own: the one table of the kinds, and
 * what can be asked of any of them. What a kind answers is in its own folder (`kind.ts`).
 */
import { z } from "zod";
import { batchKind } from "./batch/kind.js";
import { BatchState } from "./batch/state.js";
import { type Blame, blameAfter } from "./blame.js";
import { bucketKind } from "./bucket/kind.js";
import { BucketState } from "./bucket/state.js";
import type { StatsChange } from "./bucket/stats.js";
import type { Change } from "./change.js";
import { connectionKind } from "./connection/kind.js";
import { ConnectionState } from "./connection/state.js";
import { deliveryKind } from "./delivery/kind.js";
import { DeliveryState } from "./delivery/state.js";
import { type BucketsError, invariant } from "./errors.js";
import type { DomainEvent, RecordedEvent } from "./event.js";
import { frozen, type JsonObject, jsonEqual, toJson } from "./json.js";
import type { DecisionContext, Kind, MemberOf } from "./kind.js";
import { logKind } from "./log/kind.js";
import { LogState } from "./log/state.js";
import { namespaceKind } from "./namespace/kind.js";
import { NamespaceState } from "./namespace/state.js";
import { objectKind } from "./object/kind.js";
import { ObjectState } from "./object/state.js";
import { assertTakes, owned, takes } from "./owned.js";
import type { Reservation } from "./reservation.js";
import { syncKind } from "./sync/kind.js";
import { SyncState } from "./sync/state.js";
import type { TaskResponse } from "./task.js";
import { tokenKind } from "./token/kind.js";
import { TokenState } from "./token/state.js";
import { uploadKind } from "./upload/kind.js";
import { UploadState } from "./upload/state.js";

/** The kinds of what is in a bucket. */
const memberDefinitions = {
  object: objectKind,
  batch: batchKind,
  upload: uploadKind,
  delivery: deliveryKind,
  sync: syncKind,
} as const;

const definitions = {
  bucket: bucketKind,
  ...memberDefinitions,
  connection: connectionKind,
  namespace: namespaceKind,
  log: logKind,
  token: tokenKind,
} as const;

export const ResourceState = z.discriminatedUnion("kind", [
  BucketState,
  ObjectState,
  BatchState,
  UploadState,
  DeliveryState,
  SyncState,
  ConnectionState,
  NamespaceState,
  LogState,
  TokenState,
]);
export type ResourceState = Readonly<z.infer<typeof ResourceState>>;

type Definitions = typeof definitions;
export type ResourceKind = keyof Definitions;
export type MemberKind = keyof typeof memberDefinitions;

/** The state of one kind. */
export type StateOf<Name extends ResourceKind> = Extract<ResourceState, { readonly kind: Name }>;
type CommandOf<Name extends ResourceKind> = Parameters<Definitions[Name]["decide"]>[1];
type EventOf<Name extends ResourceKind> = ReturnType<Definitions[Name]["decide"]>;
export type EventTypeOf<Name extends ResourceKind> = EventOf<Name>["type"];
export type IdNameOf<Name extends ResourceKind> = Definitions[Name]["table"]["id"];
export type IdName = IdNameOf<ResourceKind>;
export type ResourceCommand = CommandOf<ResourceKind>;

/** A state, and beside it which events set what its document has: all that a stream is folded to. */
export interface BlamedState {
  readonly state: ResourceState;
  readonly blame: Blame;
}

/** An event with the states around it. */
export interface AppliedEvent {
  readonly recorded: RecordedEvent;
  readonly before: ResourceState | undefined;
  readonly after: ResourceState;
  /** Of the document after it. */
  readonly blame: Blame;
}

/** Counts the changes to what `evolve` makes of the same events: saved states of another are void. */
export const reducerVersion = 1;

type KindOf<Name extends ResourceKind> = Kind<StateOf<Name>, CommandOf<Name>, EventOf<Name>>;

type MemberKindOf<Name extends MemberKind> = MemberOf<
  StateOf<Name>,
  CommandOf<Name>,
  EventOf<Name>
>;

const members: { readonly [Name in MemberKind]: MemberKindOf<Name> } = memberDefinitions;

/** What a kind of what is in a bucket says. */
export const memberNamed = <Name extends MemberKind>(name: Name): MemberKindOf<Name> =>
  members[name];

const kinds: { readonly [Name in ResourceKind]: KindOf<Name> } = definitions;

/** What the kind of that name says: a state, command or event of the kind is for it alone. */
export const kindNamed = <Name extends ResourceKind>(name: Name): KindOf<Name> => kinds[name];

const all = Object.values(definitions);

/** The names of the kinds. */
export const resourceKinds: readonly ResourceKind[] = all.map(({ name }) => name);
/** What the ids of the kinds are called. */
export const idNames: readonly IdName[] = all.map(({ table }) => table.id);
export const memberKinds = resourceKinds.filter(isMemberKind);

const byPrefix = new Map<string, ResourceKind>(all.map(({ prefix, name }) => [prefix, name]));

const byCommand = new Map<string, ResourceKind>(
  all.flatMap(({ commands, name }) => Object.keys(commands).map((type) => [type, name])),
);

const byName = new Map<string, ResourceKind>(all.map(({ name }) => [name, name]));

/** The kind of the resource with that id; ids tell by their prefix. */
export function kindOfStream(stream: string): ResourceKind | undefined {
  return byPrefix.get(stream.slice(0, stream.indexOf("_") + 1));
}

/** The kind of resource that the command is for. */
export function kindOfCommand({ type }: ResourceCommand): ResourceKind {
  const kind = byCommand.get(type);
  invariant(kind !== undefined, `no kind has the command ${type}`);
  return kind;
}

function kindOfEvent({ type }: DomainEvent): ResourceKind {
  const kind = byName.get(type.slice(0, type.indexOf(".")));
  invariant(kind !== undefined, `no kind has the event ${type}`);
  return kind;
}

/** True for the kinds of what is in a bucket. */
function isMemberKind(name: ResourceKind): name is MemberKind {
  return Object.hasOwn(members, name);
}

/** The id of the resource, which names its stream. */
export function streamOf(state: ResourceState): string {
  return kindNamed(state.kind).id(state);
}

/** The ids of the resource, as answers and the details of errors name them. */
export function idsOf(state: ResourceState): Readonly<Record<string, string>> {
  const { table, id } = kindNamed(state.kind);
  const own = { [table.id]: id(state) };
  return isMemberKind(state.kind) ? { bucket_id: state.bucket_id, ...own } : own;
}

/** The id of the resource that `idsOf` names; of what is in a bucket, not that of the bucket. */
export function streamNamedBy(ids: Readonly<Record<string, unknown>>): string | undefined {
  const named = resourceKinds.flatMap((kind) => ids[kindNamed(kind).table.id] ?? []);
  return named.map(String).findLast((id) => kindOfStream(id) !== undefined);
}

/** What history, diff and blame are about. */
export function documentOf(state: ResourceState): JsonObject {
  return kindNamed(state.kind).document(state);
}

export function isDeleted(state: ResourceState): boolean {
  return state.deleted !== undefined;
}

/** True for the commands that are for what was deleted. */
export function isRestoring(command: ResourceCommand): boolean {
  return kindNamed(kindOfCommand(command)).restores(command);
}

/**
 * The reservations whose holder the command is about, although it does not name it by its id: that
 * of the first one that is held.
 */
export function holderKeysOf(command: ResourceCommand, owner: BucketState): readonly Reservation[] {
  return kindNamed(kindOfCommand(command)).holderKeys(command, owner);
}

/** @throws BUCKET_LOCKED when the bucket takes no change to what it holds of that kind. */
export function assertOwnerTakes(kind: MemberKind, owner: BucketState, now: number): void {
  assertTakes(memberNamed(kind).ownerTakes, owner, now);
}

/** Whether the bucket takes one. @param now milliseconds. */
export function ownerTakes(kind: MemberKind, owner: BucketState, now: number): boolean {
  return takes(memberNamed(kind).ownerTakes, owner, now);
}

/** Nothing is left to do for a command, and why. */
export interface Needless {
  readonly needless: string;
}

/**
 * The event that the command makes happen, unless it is needless. Existence and preconditions were
 * checked before.
 *
 * @throws BUCKET_LOCKED; what the decider of its kind throws.
 */
export function decide(
  state: ResourceState | undefined,
  command: ResourceCommand,
  context: DecisionContext,
): DomainEvent | Needless {
  const name = kindOfCommand(command);
  if (isMemberKind(name)) assertOwnerTakes(name, owned(context).owner, context.moment.now);
  const kind = kindNamed(name);
  const before = state && stateOfKind(name, state);
  const needless = kind.needless(before, command);
  return needless === undefined ? kind.decide(before, command, context) : { needless };
}

/**
 * The state after the event. Pure, and the only way that a state is ever made. It is frozen, since
 * caches keep it while parts of it are in the hands of callers.
 */
export function evolve(state: ResourceState | undefined, recorded: RecordedEvent): ResourceState {
  const name = kindOfEvent(recorded.event);
  return frozen(kindNamed(name).evolve(state && stateOfKind(name, state), recorded));
}

/** What the event does to what its stream was folded to before. Pure. */
export function applied(folded: BlamedState | undefined, recorded: RecordedEvent): AppliedEvent {
  const before = folded?.state;
  const after = evolve(before, recorded);
  const document = before && documentOf(before);
  const blame = blameAfter(folded?.blame, document, documentOf(after), recorded.position);
  return { recorded, before, after, blame };
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

/** What the event did to the document of its resource. */
export function changesOf(event: DomainEvent): readonly Change[] {
  return kindNamed(kindOfEvent(event)).changes(event);
}

/** The changes as they are shown: secrets are masked, user data is not touched. */
export function shownChanges(event: DomainEvent): readonly Change[] {
  const { changes, shown } = kindNamed(kindOfEvent(event));
  return shown(changes(event));
}

/** What the event does to the statistics of the bucket; undefined for what never moves any. */
export function statsChangeOf({ recorded, before, after }: AppliedEvent): StatsChange | undefined {
  const { position, recordedAt, event } = recorded;
  const moved = kindNamed(after.kind).statistics({ event, before, after });
  return moved === undefined ? undefined : { position, recordedAt, ...moved };
}

/** The stored contents that the state refers to, by their hashes. */
export function referencedHashes(state: ResourceState): readonly string[] {
  return kindNamed(state.kind).references(state);
}

/**
 * The task that the state says to go on, or to have gone on.
 *
 * @param objectCount how many objects the bucket holds.
 * @param at milliseconds.
 */
export function taskOf(
  state: ResourceState,
  objectCount: () => number,
  at: number,
): TaskResponse | undefined {
  return kindNamed(state.kind).task(state, objectCount, at);
}

/** The refusal of a reservation that another holds. */
export function takenBy(reservation: Reservation, holder: string): BucketsError {
  const kind = kindOfStream(holder);
  invariant(kind !== undefined, `${holder} is no resource`);
  return kindNamed(kind).taken(reservation, holder);
}

/** The document as it is shown: secrets are masked. */
export function shownDocument(state: ResourceState): JsonObject {
  return kindNamed(state.kind).shownDocument(documentOf(state));
}

/** What the resource keeps for itself, so that no other can have it. */
export function reservationsOf(state: ResourceState): readonly Reservation[] {
  return kindNamed(state.kind).reservations(state);
}

/** When something is to be done about the resource by itself (RFC 3339), if anything is. */
export function dueAt(state: ResourceState): string | undefined {
  return kindNamed(state.kind).dueAt(state);
}

/** The references of every secret that is kept for the resource. */
export function secretsHeld(state: ResourceState): readonly string[] {
  return kindNamed(state.kind).secrets(state);
}

/** The state as that of a kind which it is known to be of. */
export function stateOfKind<Name extends ResourceKind>(
  kind: Name,
  state: ResourceState,
): StateOf<Name> {
  invariant(isOfKind(kind, state), `${streamOf(state)} is no ${kind}`);
  return state;
}

function isOfKind<Name extends ResourceKind>(
  kind: Name,
  state: ResourceState,
): state is StateOf<Name> {
  return state.kind === kind;
}

/** Equality of states; documents are compared by themselves, because they may be as deep as allowed. */
export function sameState(a: ResourceState | undefined, b: ResourceState | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const { document: _, ...restOfA } = a;
  const { document: __, ...restOfB } = b;
  return jsonEqual(documentOf(a), documentOf(b)) && jsonEqual(toJson(restOfA), toJson(restOfB));
}
