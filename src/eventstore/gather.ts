/** Runs the planner, which asks in sets for what it lacks, against whatever an engine knows. */
import { type Asking, answered } from "../domain/asking.js";
import { looksLikeBucketId } from "../domain/bucket/document.js";
import { nameScope } from "../domain/bucket/reservations.js";
import { BucketsError } from "../domain/errors.js";
import { isJsonObject, type JsonObject, ownValue } from "../domain/json.js";
import { limits } from "../domain/limits.js";
import { roughBytes } from "../domain/measure.js";
import { type Reservation, reservationKey } from "../domain/reservation.js";
import { type BlamedState, holderKeysOf, type ResourceCommand } from "../domain/resource.js";
import { type Needs, type OpenBatches, openBatchesAtFirst, type Plan, plan } from "./planner.js";
import type { Head, IdempotencyKey, IdempotencyRow, Target, Unit } from "./store.js";

/** What is new was to get the id of another: what makes ids made one twice. */
export function takenId(cause?: unknown): BucketsError {
  return new BucketsError(
    "BAD_REQUEST",
    "newId: it gave an id a second time: nothing was written. Ids must never be given twice.",
    { field: "newId" },
    cause,
  );
}

/** What planning lacks of the store as it is in the transaction that the plan is for, in sets. */
export interface Asked extends Needs {
  /** Ids that new events are to have. */
  readonly events: ReadonlySet<string>;
}

/**
 * The answer; `undefined` is for what is not there. Of states and reservations it may lack the last
 * ones, but not all, where the others are large: what needs them is for another commit.
 */
export interface Loaded {
  /** Those that were asked for, and those of the holders of reservations and of the open batches. */
  readonly states: ReadonlyMap<string, BlamedState | undefined>;
  readonly reservations: ReadonlyMap<string, string | undefined>;
  readonly idempotency: ReadonlyMap<string, IdempotencyRow | undefined>;
  readonly openBatches: ReadonlyMap<string, OpenBatches>;
  /** Those of the ids that events have already. */
  readonly events: ReadonlySet<string>;
}

/**
 * The plan for the units, or for the first of them, when they are about more than a commit carries.
 * @throws BAD_REQUEST for an event that would have the id of another.
 */
export function* gathering(
  head: Head,
  now: number,
  all: readonly Unit[],
): Asking<Asked, Loaded, Plan> {
  let units = all;
  let known: Known = yield { ...namedBy(units), events: new Set() };
  const reservations = holderKeysIn(units, known);
  if (reservations.size > 0) {
    known = together(known, yield { ...nothing, reservations, events: new Set() });
  }
  for (;;) {
    const planned = plan({ head, now, ...known }, units);
    if (planned.kind === "planned") {
      const ids = planned.plan.events.map(({ eventId }) => eventId);
      if (ids.length === 0) return planned.plan;
      const { events } = yield { ...nothing, events: new Set(ids) };
      if (events.size > 0 || new Set(ids).size < ids.length) throw takenId();
      return planned.plan;
    }
    if (bytesOf(known) > limits.commitDocumentBytesMax) {
      units = units.slice(0, Math.max(planned.complete, 1));
      if (planned.complete > 0) continue;
    }
    known = together(known, yield { ...planned.needs, events: new Set() });
  }
}

function bytesOf({ states }: Pick<Loaded, "states">): number {
  let bytes = 0;
  for (const folded of states.values()) if (folded !== undefined) bytes += roughBytes(folded.state);
  return bytes;
}

type Known = Omit<Loaded, "events">;

function together(known: Known, more: Known): Known {
  return {
    states: new Map([...known.states, ...more.states]),
    reservations: new Map([...known.reservations, ...more.reservations]),
    idempotency: new Map([...known.idempotency, ...more.idempotency]),
    openBatches: new Map([...known.openBatches, ...more.openBatches]),
  };
}

const nothing: Needs = {
  states: new Set(),
  reservations: new Map(),
  idempotency: new Map(),
  openBatches: new Map(),
};

/** An engine that has each answer at once. */
export interface Loader {
  loadState(stream: string): BlamedState | undefined;
  loadReservation(scope: string, key: string): string | undefined;
  loadIdempotency(key: IdempotencyKey): IdempotencyRow | undefined;
  loadOpenBatches(namespace: string, count: number): readonly string[];
  hasEvent(eventId: string): boolean;
}

/** The same for such an engine. @throws what `gathering` does. */
export function gatherAndPlan(
  loader: Loader,
  head: Head,
  now: number,
  units: readonly Unit[],
): Plan {
  return answered(gathering(head, now, units), (asked) => loaded(loader, asked));
}

/** All that is asked for, one by one. */
export function loaded(loader: Loader, asked: Asked): Loaded {
  const states = new Map<string, BlamedState | undefined>();
  const reservations = new Map<string, string | undefined>();
  const idempotency = new Map<string, IdempotencyRow | undefined>();
  const openBatches = new Map<string, OpenBatches>();
  const events = new Set<string>();
  let bytes = 0;
  const load = (stream: string) => {
    const folded = loader.loadState(stream);
    states.set(stream, folded);
    if (folded !== undefined) bytes += roughBytes(folded.state);
  };
  for (const stream of asked.states) {
    if (bytes > limits.commitDocumentBytesMax) break;
    load(stream);
  }
  for (const [key, { scope, key: name }] of asked.reservations) {
    if (bytes > limits.commitDocumentBytesMax) break;
    const holder = loader.loadReservation(scope, name);
    reservations.set(key, holder);
    if (holder !== undefined && !states.has(holder)) load(holder);
  }
  for (const [key, one] of asked.idempotency) idempotency.set(key, loader.loadIdempotency(one));
  for (const [namespace, count] of asked.openBatches) {
    const ids = loader.loadOpenBatches(namespace, count);
    openBatches.set(namespace, { ids, isAll: ids.length < count });
    for (const id of ids) states.set(id, loader.loadState(id));
  }
  for (const id of asked.events) if (loader.hasEvent(id)) events.add(id);
  return { states, reservations, idempotency, openBatches, events };
}

/**
 * What the units name outright, so that the first plan is usually the last: a plan ends a unit at
 * the first thing that it lacks, and a long transaction would be planned again for each.
 */
function namedBy(units: readonly Unit[]): Needs {
  const states = new Set<string>();
  const reservations = new Map<string, Reservation>();
  const idempotency = new Map<string, IdempotencyKey>();
  const openBatches = new Map<string, number>();
  for (const { namespace, commands, idempotency: asked } of units) {
    if (asked !== undefined) idempotency.set(reservationKey(asked), asked);
    for (const { target, command } of commands) {
      const bucket = bucketOf(target);
      if (target.kind === "next_batch") openBatches.set(namespace, openBatchesAtFirst);
      if (bucket !== undefined && looksLikeBucketId(bucket)) states.add(bucket.toLowerCase());
      if (target.kind === "member" || target.kind === "unowned") states.add(target.id);
      for (const name of [bucket, nameInCommand(command)]) {
        if (name === undefined || looksLikeBucketId(name)) continue;
        const reservation = named(namespace, name);
        reservations.set(reservationKey(reservation), reservation);
      }
    }
  }
  return { states, reservations, idempotency, openBatches };
}

/**
 * What decides which member a command is about, once the bucket is known that says so: the holders of
 * its keys. A delivery may be known by three in a row, and would be planned again for each.
 */
function holderKeysIn(
  units: readonly Unit[],
  { states, reservations }: Known,
): ReadonlyMap<string, Reservation> {
  const keys = new Map<string, Reservation>();
  for (const { namespace, commands } of units) {
    for (const { target, command } of commands) {
      if (target.kind !== "new_member") continue;
      const { bucket } = target;
      const stream = looksLikeBucketId(bucket)
        ? bucket.toLowerCase()
        : reservations.get(reservationKey(named(namespace, bucket)));
      const owner = stream === undefined ? undefined : states.get(stream)?.state;
      if (owner?.kind !== "bucket" || owner.deleted !== undefined) continue;
      for (const key of holderKeysOf(command, owner)) keys.set(reservationKey(key), key);
    }
  }
  for (const key of reservations.keys()) keys.delete(key);
  return keys;
}

function named(namespace: string, bucket: string): Reservation {
  return { scope: nameScope(namespace), key: bucket.normalize("NFC") };
}

/** The bucket that is named, by its id or name. */
function bucketOf(target: Target): string | undefined {
  switch (target.kind) {
    case "new":
    case "unowned":
    case "next_batch":
      return undefined;
    case "existing":
      return target.identifier;
    case "new_member":
    case "member":
      return target.bucket;
  }
}

/** The name that the bucket shall have. */
function nameInCommand(command: ResourceCommand): string | undefined {
  const fields = command.type === "create_bucket" ? command.fields : patchedFields(command);
  const name = ownValue(fields, "bucket_name");
  return typeof name === "string" ? name : undefined;
}

function patchedFields(command: ResourceCommand): JsonObject {
  return command.type === "patch_bucket" && isJsonObject(command.patch) ? command.patch : {};
}
