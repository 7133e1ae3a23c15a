/**
 * The planner: one pure function that decides what a batch of units does, shared by all engines.
 * The same snapshot, units and salts give byte-identical events everywhere. What it finds missing
 * in the snapshot it asks for; the engine loads that in the same transaction and plans again.
 */
import { decide } from "../domain/bucket/decide.js";
import { looksLikeBucketId } from "../domain/bucket/document.js";
import { bucketReservations, nameScope, type Reservation } from "../domain/bucket/reservations.js";
import { secretReferences } from "../domain/bucket/secrets.js";
import { type BucketState, evolve } from "../domain/bucket/state.js";
import { BucketsError, isBucketsError } from "../domain/errors.js";
import type { RecordedEvent } from "../domain/event.js";
import { limits } from "../domain/limits.js";
import { encode } from "./codec.js";
import type { StoredEvent } from "./frame.js";
import type { AppliedEvent } from "./projection.js";
import type {
  CommandResult,
  Head,
  IdempotencyKey,
  Outcome,
  Placement,
  Precondition,
  SealedSecret,
  TargetedCommand,
  Unit,
} from "./store.js";

export interface IdempotencyRow {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly recordedAt: number;
  readonly results: readonly Placement[];
}

/** Where the planner finds what is known before the batch; `undefined` means known not to exist. */
export interface Snapshot {
  readonly head: Head;
  /** Milliseconds since the epoch, when the batch is planned. */
  readonly now: number;
  readonly states: ReadonlyMap<string, BucketState | undefined>;
  readonly reservations: ReadonlyMap<string, string | undefined>;
  readonly idempotency: ReadonlyMap<string, IdempotencyRow | undefined>;
}

/** What the snapshot lacks. */
export interface Needs {
  readonly states: ReadonlySet<string>;
  readonly reservations: ReadonlyMap<string, Reservation>;
  readonly idempotency: ReadonlyMap<string, IdempotencyKey>;
}

/** Everything that the engine writes, in one transaction, before anyone is told. */
export interface Plan {
  readonly outcomes: readonly Outcome[];
  readonly events: readonly StoredEvent[];
  readonly applied: readonly AppliedEvent[];
  readonly idempotency: readonly IdempotencyRow[];
  readonly secrets: {
    readonly put: readonly (SealedSecret & { readonly bucketId: string })[];
    readonly drop: readonly string[];
  };
  readonly head: Head;
}

export type Planned =
  | { readonly kind: "planned"; readonly plan: Plan }
  | { readonly kind: "needs"; readonly needs: Needs };

export function reservationKey(reservation: { scope: string; key: string }): string {
  return `${reservation.scope}\u0000${reservation.key}`;
}

/** Plans the units in order, each on the state left by those before it. */
export function plan(snapshot: Snapshot, units: readonly Unit[]): Planned {
  const batch = new Batch(snapshot);
  const outcomes = units.map((unit) => batch.planUnit(unit));
  return batch.finish(outcomes);
}

/** What was not in the snapshot; the unit is planned again once it is. */
class Missing extends Error {}

/** The state that a unit sees: what earlier units and commands left, over the snapshot. */
class Overlay {
  readonly states = new Map<string, BucketState>();
  readonly reservations = new Map<string, string | undefined>();

  constructor(private readonly below: Overlay | undefined) {}

  state(stream: string): BucketState | undefined {
    return this.states.get(stream) ?? this.below?.state(stream);
  }

  /** Undefined when no unit touched it; `{ stream: undefined }` when one freed it. */
  reservation(key: string): { readonly stream: string | undefined } | undefined {
    if (this.reservations.has(key)) return { stream: this.reservations.get(key) };
    return this.below?.reservation(key);
  }
}

/** What one command did, with all that has to be written for it. */
interface Step extends AppliedEvent {
  readonly command: TargetedCommand;
}

class Batch {
  readonly #snapshot: Snapshot;
  readonly #recordedAt: number;
  readonly #overlay = new Overlay(undefined);
  readonly #idempotency = new Map<string, IdempotencyRow>();
  readonly #steps: Step[] = [];
  readonly #missing = {
    states: new Set<string>(),
    reservations: new Map<string, Reservation>(),
    idempotency: new Map<string, IdempotencyKey>(),
  };

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    this.#recordedAt = Math.max(snapshot.now, snapshot.head.recordedAt);
  }

  planUnit(unit: Unit): Outcome {
    const steps: Step[] = [];
    try {
      const replay = this.#findReplay(unit.idempotency);
      if (replay !== undefined) return { kind: "replayed", results: replay.results };
      return this.#accept(unit, steps, this.#planCommands(unit, steps));
    } catch (error) {
      if (isBucketsError(error)) return { kind: "refused", error, accepted: steps.length };
      if (error instanceof Missing) return refusedUntilLoaded;
      throw error;
    }
  }

  finish(outcomes: readonly Outcome[]): Planned {
    const { states, reservations, idempotency } = this.#missing;
    if (states.size + reservations.size + idempotency.size > 0) {
      return { kind: "needs", needs: this.#missing };
    }
    const events: StoredEvent[] = [];
    let previousHash = this.#snapshot.head.hash;
    for (const { recorded, command } of this.#steps) {
      const stored = encode(recorded, command, previousHash);
      events.push(stored);
      previousHash = stored.hash;
    }
    const last = events.at(-1);
    return {
      kind: "planned",
      plan: {
        outcomes,
        events,
        applied: this.#steps,
        idempotency: [...this.#idempotency.values()],
        secrets: secretsOf(this.#steps),
        head: last === undefined ? this.#snapshot.head : headAt(last),
      },
    };
  }

  /** The same key and fingerprint was accepted before, in an earlier batch or in this one. */
  #findReplay(asked: IdempotencyKey | undefined): IdempotencyRow | undefined {
    if (asked === undefined) return undefined;
    const key = reservationKey(asked);
    const row = this.#idempotency.get(key) ?? this.#loadedIdempotency(key, asked);
    const isExpired =
      row !== undefined && this.#recordedAt - row.recordedAt > limits.idempotencyRetentionMs;
    if (row === undefined || isExpired) return undefined;
    if (row.fingerprint === asked.fingerprint) return row;
    throw new BucketsError(
      "IDEMPOTENCY_KEY_REUSED",
      `The Idempotency-Key "${asked.key}" was used for another request: take a new key.`,
      { idempotency_key: asked.key },
    );
  }

  #loadedIdempotency(key: string, asked: IdempotencyKey): IdempotencyRow | undefined {
    if (!this.#snapshot.idempotency.has(key)) {
      this.#missing.idempotency.set(key, asked);
      throw new Missing();
    }
    return this.#snapshot.idempotency.get(key);
  }

  /** Adds a step for each command, as far as they are accepted; returns what they leave. */
  #planCommands(unit: Unit, steps: Step[]): Overlay {
    const overlay = new Overlay(this.#overlay);
    for (const command of unit.commands) {
      const before = this.#target(unit.namespace, command, overlay);
      if (before !== undefined) assertPrecondition(command.precondition, before);
      const event = decide(before, command.command, {
        now: this.#recordedAt,
        actor: unit.meta.actor,
      });
      const stream = before?.bucket_id ?? newStream(command);
      const recorded: RecordedEvent = {
        position: this.#snapshot.head.position + this.#steps.length + steps.length + 1,
        stream,
        version: (before?.version ?? 0) + 1,
        namespace: unit.namespace,
        bucketId: stream,
        eventId: command.eventId,
        transactionId: unit.transactionId,
        recordedAt: this.#recordedAt,
        meta: command.reason === undefined ? unit.meta : { ...unit.meta, reason: command.reason },
        event,
      };
      const after = evolve(before, recorded);
      this.#reserve(before, after, overlay);
      overlay.states.set(stream, after);
      steps.push({ recorded, before, after, command });
    }
    return overlay;
  }

  #accept(unit: Unit, steps: readonly Step[], overlay: Overlay): Outcome {
    for (const [stream, state] of overlay.states) this.#overlay.states.set(stream, state);
    for (const [key, holder] of overlay.reservations) {
      this.#overlay.reservations.set(key, holder);
    }
    this.#steps.push(...steps);
    const results = steps.map(toResult);
    if (unit.idempotency !== undefined) {
      this.#idempotency.set(reservationKey(unit.idempotency), {
        ...unit.idempotency,
        recordedAt: this.#recordedAt,
        results: results.map(({ stream, version, position }) => ({ stream, version, position })),
      });
    }
    return { kind: "committed", results };
  }

  /** The state that the command is about; undefined for a stream that begins with it. */
  #target(
    namespace: string,
    { target, command }: TargetedCommand,
    overlay: Overlay,
  ): BucketState | undefined {
    if (target.kind === "new") return undefined;
    const stream = looksLikeBucketId(target.identifier)
      ? target.identifier.toLowerCase()
      : this.#holder(
          { scope: nameScope(namespace), key: target.identifier.normalize("NFC") },
          overlay,
        );
    const state = stream === undefined ? undefined : this.#state(stream, overlay);
    if (state === undefined || state.namespace !== namespace) {
      throw bucketNotFound(target.identifier, namespace);
    }
    if (state.deleted !== undefined && command.type !== "restore_bucket")
      throw bucketDeleted(state);
    return state;
  }

  #state(stream: string, overlay: Overlay): BucketState | undefined {
    const touched = overlay.state(stream);
    if (touched !== undefined) return touched;
    if (!this.#snapshot.states.has(stream)) {
      this.#missing.states.add(stream);
      throw new Missing();
    }
    return this.#snapshot.states.get(stream);
  }

  #holder(reservation: Reservation, overlay: Overlay): string | undefined {
    const key = reservationKey(reservation);
    const touched = overlay.reservation(key);
    if (touched !== undefined) return touched.stream;
    if (!this.#snapshot.reservations.has(key)) {
      this.#missing.reservations.set(key, reservation);
      throw new Missing();
    }
    return this.#snapshot.reservations.get(key);
  }

  /** Frees what the state no longer reserves, and takes what it newly does. */
  #reserve(before: BucketState | undefined, after: BucketState, overlay: Overlay): void {
    const old = before === undefined ? [] : bucketReservations(before);
    const wanted = bucketReservations(after);
    for (const reservation of old) {
      if (!wanted.some((other) => reservationKey(other) === reservationKey(reservation))) {
        overlay.reservations.set(reservationKey(reservation), undefined);
      }
    }
    for (const reservation of wanted) {
      if (old.some((other) => reservationKey(other) === reservationKey(reservation))) continue;
      const holder = this.#holder(reservation, overlay);
      if (holder !== undefined && holder !== after.bucket_id)
        throw alreadyExists(reservation, holder);
      overlay.reservations.set(reservationKey(reservation), after.bucket_id);
    }
  }
}

/** The head once the event is the last of the log. */
export function headAt({ position, hash, recordedAt }: StoredEvent): Head {
  return { position, hash, recordedAt };
}

/** Never seen outside: the batch is planned again before outcomes are read. */
const refusedUntilLoaded: Outcome = {
  kind: "refused",
  error: new BucketsError("INTERNAL", "The batch was not planned to its end."),
  accepted: 0,
};

function toResult({ recorded, after }: Step): CommandResult {
  const { stream, version, position } = recorded;
  return { stream, version, position, state: after, recorded };
}

function newStream({ target }: TargetedCommand): string {
  if (target.kind === "new") return target.id;
  throw new Error("invariant broken: only a new stream has no state");
}

function assertPrecondition(precondition: Precondition, state: BucketState): void {
  const { ifMatch, ifNoneMatch, isRequired } = precondition;
  if (ifMatch === undefined && isRequired) {
    throw new BucketsError(
      "PRECONDITION_REQUIRED",
      `Send If-Match with the version that you read; the bucket is at version ${state.version}.`,
      { current_version: state.version },
    );
  }
  const matches = ifMatch === undefined || ifMatch === "*" || ifMatch.includes(state.version);
  const isExcluded = ifNoneMatch === "*" || ifNoneMatch?.includes(state.version) === true;
  if (matches && !isExcluded) return;
  const sent = matches ? "If-None-Match" : "If-Match";
  throw new BucketsError(
    "PRECONDITION_FAILED",
    `Your ${sent} does not hold: the bucket is at version ${state.version}.`,
    { current_version: state.version, bucket_id: state.bucket_id },
  );
}

/** The answer for an unknown id, an unknown name and another namespace's bucket alike. */
export function bucketNotFound(identifier: string, namespace: string): BucketsError {
  return new BucketsError(
    "NOT_FOUND",
    `There is no bucket "${identifier}" in the namespace "${namespace}".`,
    { resource: "bucket", identifier, namespace },
  );
}

/** The answer for a bucket that was deleted: its history goes on. */
export function bucketDeleted(state: BucketState): BucketsError {
  return new BucketsError(
    "NOT_FOUND",
    `The bucket ${state.bucket_id} was deleted at ${state.deleted?.deleted_at}; its history goes on.`,
    {
      resource: "bucket",
      bucket_id: state.bucket_id,
      deleted_at: state.deleted?.deleted_at,
      deleted_version: state.version,
    },
  );
}

function alreadyExists(reservation: Reservation, holder: string): BucketsError {
  return new BucketsError(
    "ALREADY_EXISTS",
    `The name "${reservation.key}" is taken in this namespace: choose another.`,
    { bucket_name: reservation.key, bucket_id: holder },
  );
}

/** The secrets that came to be referred to, and those that no longer are. */
function secretsOf(steps: readonly Step[]): Plan["secrets"] {
  const put = new Map<string, SealedSecret & { bucketId: string }>();
  const drop = new Set<string>();
  for (const { before, after, command } of steps) {
    if (before?.document === after.document) continue;
    const wanted = new Set(secretReferences(after.document));
    for (const secret of command.secrets) {
      if (wanted.has(secret.reference)) {
        put.set(secret.reference, { ...secret, bucketId: after.bucket_id });
      }
    }
    for (const reference of before === undefined ? [] : secretReferences(before.document)) {
      if (wanted.has(reference)) continue;
      put.delete(reference);
      drop.add(reference);
    }
  }
  return { put: [...put.values()], drop: [...drop] };
}
