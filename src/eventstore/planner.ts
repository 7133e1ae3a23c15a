/**
 * The planner: one pure function that decides what the units of a commit do, shared by all engines.
 * The same of what is known, units and salts give byte-identical events everywhere. What it finds
 * unknown it asks for; the engine loads that in the same transaction and plans again.
 */

import { isClaimable } from "../domain/batch/lease.js";
import { looksLikeBucketId } from "../domain/bucket/document.js";
import { nameScope } from "../domain/bucket/reservations.js";
import type { BucketState } from "../domain/bucket/state.js";
import { assertFewChanges } from "../domain/changes.js";
import {
  BucketsError,
  invalidAt,
  isBucketsError,
  keyReused,
  withDetails,
} from "../domain/errors.js";
import type { DomainEvent, RecordedEvent } from "../domain/event.js";
import type { DecisionContext } from "../domain/kind.js";
import { limits } from "../domain/limits.js";
import { roughBytes } from "../domain/measure.js";
import {
  bucketDeleted,
  bucketNotFound,
  memberDeleted,
  memberNotFound,
  unownedNotFound,
} from "../domain/not-found.js";
import type { Precondition } from "../domain/precondition.js";
import { type Reservation, reservationKey } from "../domain/reservation.js";
import {
  type AppliedEvent,
  applied,
  type BlamedState,
  changesOf,
  decide,
  holderKeysOf,
  idsOf,
  isRestoring,
  kindOfCommand,
  type Needless,
  ownerTakes,
  type ResourceCommand,
  type ResourceState,
  reservationsOf,
  secretsHeld,
  streamOf,
  takenBy,
} from "../domain/resource.js";
import { recordOf } from "../domain/token/record.js";
import { assertRecordable, encode } from "./codec.js";
import type { StoredEvent } from "./frame.js";
import {
  type CommandResult,
  type Head,
  type IdempotencyKey,
  type IdempotencyRow,
  type Outcome,
  type RefusedOperation,
  refusedOperation,
  type SealedSecret,
  type TargetedCommand,
  type Unit,
} from "./store.js";
import type { TokenMove } from "./token-table.js";

/** Where the planner finds what is known before the commit; `undefined` means known not to exist. */
export interface Given {
  readonly head: Head;
  /** Milliseconds since the epoch, when the commit is planned. */
  readonly now: number;
  readonly states: ReadonlyMap<string, BlamedState | undefined>;
  readonly reservations: ReadonlyMap<string, string | undefined>;
  readonly idempotency: ReadonlyMap<string, IdempotencyRow | undefined>;
  /** By their namespace. */
  readonly openBatches: ReadonlyMap<string, OpenBatches>;
}

/** Submitted and unfinished batches of a namespace. */
export interface OpenBatches {
  /** Those that were submitted first. */
  readonly ids: readonly string[];
  /** Whether there are no others. */
  readonly isAll: boolean;
}

/** What is not known and was needed. */
export interface Needs {
  readonly states: ReadonlySet<string>;
  readonly reservations: ReadonlyMap<string, Reservation>;
  readonly idempotency: ReadonlyMap<string, IdempotencyKey>;
  /** How many of those of a namespace. */
  readonly openBatches: ReadonlyMap<string, number>;
}

/** Everything that the engine writes, in one transaction, before anyone is told. */
export interface Plan {
  /** Of the units that were planned: the first, or as many more as there was room for. */
  readonly outcomes: readonly Outcome[];
  readonly events: readonly StoredEvent[];
  readonly applied: readonly AppliedEvent[];
  readonly idempotency: readonly IdempotencyRow[];
  readonly secrets: {
    readonly put: readonly (SealedSecret & { readonly bucketId: string })[];
    readonly drop: readonly string[];
  };
  /** In their order. */
  readonly tokens: readonly TokenMove[];
  readonly head: Head;
}

export type Planned =
  | { readonly kind: "planned"; readonly plan: Plan }
  | {
      readonly kind: "needs";
      readonly needs: Needs;
      /** How many units, from the first on, lack nothing. */
      readonly complete: number;
    };

/**
 * Plans the units in order, each on the state left by those before it; as many as are about so much
 * that a commit has enough of it, and always the first.
 */
export function plan(given: Given, units: readonly Unit[]): Planned {
  const planning = new Planning(given);
  const outcomes: Outcome[] = [];
  for (const unit of units) {
    if (planning.bytes > limits.commitDocumentBytesMax) break;
    outcomes.push(planning.planUnit(unit));
  }
  return planning.finish(outcomes);
}

/** The first batch that waits is most often the one; if not, so many times as many are asked for. */
export const openBatchesAtFirst = 8;
const openBatchesFactor = 4;

/** Something is not known; the unit is planned again once it is. */
class Missing extends Error {}

/** A command has nothing left to do: nothing of its unit is done then. */
class NothingLeft extends Error {
  constructor(
    readonly why: string,
    readonly stands: ResourceState | undefined,
  ) {
    super(why);
  }
}

/** The state that a unit sees: what earlier units and commands left, over what was before. */
class Overlay {
  readonly states = new Map<string, BlamedState>();
  readonly reservations = new Map<string, string | undefined>();

  constructor(private readonly below: Overlay | undefined) {}

  state(stream: string): BlamedState | undefined {
    return this.states.get(stream) ?? this.below?.state(stream);
  }

  /** Undefined when no unit touched it; `{ stream: undefined }` when one freed it. */
  reservation(key: string): { readonly stream: string | undefined } | undefined {
    if (this.reservations.has(key)) return { stream: this.reservations.get(key) };
    return this.below?.reservation(key);
  }

  /** Takes over what was done on top of it. */
  adopt(above: Overlay): void {
    for (const [stream, state] of above.states) this.states.set(stream, state);
    for (const [key, holder] of above.reservations) this.reservations.set(key, holder);
  }
}

/** The stream that a command is about; without a state, it begins with the command. */
interface Found {
  readonly stream: string;
  readonly before: ResourceState | undefined;
  /** The bucket of an object, batch or upload; undefined for a bucket. */
  readonly owner: BucketState | undefined;
}

/** What one command did, with all that has to be written for it. */
interface Step extends AppliedEvent {
  readonly command: TargetedCommand;
}

/** What the accepted commands of a unit leave, and why the others were refused. */
interface PlannedUnit {
  readonly overlay: Overlay;
  readonly refusals?: readonly RefusedOperation[];
}

class Planning {
  readonly #given: Given;
  /** Not before the event before it, whatever the clock says: what is decided goes by the clock alone. */
  readonly #recordedAt: number;
  readonly #overlay = new Overlay(undefined);
  readonly #idempotency = new Map<string, IdempotencyRow>();
  readonly #steps: Step[] = [];
  /** Of the states that all commands so far, and those of the unit, were about. */
  #bytes = 0;
  #unitBytes = 0;
  readonly #missing = {
    states: new Set<string>(),
    reservations: new Map<string, Reservation>(),
    idempotency: new Map<string, IdempotencyKey>(),
    openBatches: new Map<string, number>(),
  };

  constructor(given: Given) {
    this.#given = given;
    this.#recordedAt = Math.max(given.now, given.head.recordedAt);
  }

  get bytes(): number {
    return this.#bytes;
  }

  planUnit(unit: Unit): Outcome {
    this.#unitBytes = 0;
    const steps: Step[] = [];
    try {
      const replay = this.#findReplay(unit.idempotency);
      if (replay !== undefined) return replayed(replay);
      const planned =
        unit.acceptance === "each" ? this.#planEach(unit, steps) : this.#planAll(unit, steps);
      return this.#accept(unit, steps, planned);
    } catch (error) {
      if (isBucketsError(error)) return { kind: "refused", error, accepted: steps.length };
      if (error instanceof Missing) return refusedUntilLoaded;
      if (error instanceof NothingLeft) {
        const { why, stands } = error;
        return { kind: "needless", why, stands, accepted: steps.length };
      }
      throw error;
    }
  }

  finish(outcomes: readonly Outcome[]): Planned {
    const isMissing = Object.values(this.#missing).some(({ size }) => size > 0);
    if (isMissing) {
      const complete = outcomes.indexOf(refusedUntilLoaded);
      return { kind: "needs", needs: this.#missing, complete };
    }
    const events: StoredEvent[] = [];
    let previousHash = this.#given.head.hash;
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
        tokens: this.#steps.flatMap(tokenMoveOf),
        head: last === undefined ? this.#given.head : headAt(last),
      },
    };
  }

  /** The same key and fingerprint was accepted before, in an earlier commit or in this one. */
  #findReplay(asked: IdempotencyKey | undefined): IdempotencyRow | undefined {
    if (asked === undefined) return undefined;
    const key = reservationKey(asked);
    const row = this.#idempotency.get(key) ?? this.#loadedIdempotency(key, asked);
    const isExpired =
      row !== undefined && this.#given.now - row.recordedAt > limits.idempotencyRetentionMs;
    if (row === undefined || isExpired) return undefined;
    if (row.fingerprint === asked.fingerprint) return row;
    throw keyReused(asked.key);
  }

  #loadedIdempotency(key: string, asked: IdempotencyKey): IdempotencyRow | undefined {
    if (!this.#given.idempotency.has(key)) {
      this.#missing.idempotency.set(key, asked);
      throw new Missing();
    }
    return this.#given.idempotency.get(key);
  }

  /** Adds a step for each command, as far as they are accepted. */
  #planAll(unit: Unit, steps: Step[]): PlannedUnit {
    const overlay = new Overlay(this.#overlay);
    for (const command of unit.commands) {
      steps.push(...this.#planCommand(unit, command, overlay, steps));
    }
    return { overlay };
  }

  /** Each on what the accepted ones before it left; what several lack is asked for at once. */
  #planEach(unit: Unit, steps: Step[]): PlannedUnit {
    const overlay = new Overlay(this.#overlay);
    const refusals: RefusedOperation[] = [...(unit.refusals ?? [])];
    let isMissing = false;
    for (const [index, commands] of byOperation(unit.commands)) {
      const tried = new Overlay(overlay);
      const done = [...steps];
      try {
        for (const command of commands) {
          done.push(...this.#planCommand(unit, command, tried, done));
        }
        steps.push(...done.slice(steps.length));
        overlay.adopt(tried);
      } catch (error) {
        if (isBucketsError(error)) refusals.push(refusedOperation(error, index));
        else if (error instanceof Missing) isMissing = true;
        else throw error;
      }
    }
    if (isMissing) throw new Missing();
    return { overlay, refusals: refusals.sort((a, b) => a.index - b.index) };
  }

  /**
   * @param done what the unit did before.
   * @returns the step; none where there is nothing that the command could be about.
   */
  #planCommand(
    unit: Unit,
    targeted: TargetedCommand,
    overlay: Overlay,
    done: readonly Step[],
  ): readonly Step[] {
    const isFirst = this.#unitBytes === 0;
    this.#spend(0, isFirst);
    const found = this.#find(unit.namespace, targeted, overlay);
    if (found === undefined) return [];
    const { before, owner, stream } = found;
    assertPrecondition(targeted.precondition, before);
    const beforeBytes = before === undefined ? 0 : roughBytes(before);
    this.#spend(beforeBytes, isFirst);
    const decided = this.#decide(before, targeted.command, overlay, {
      moment: { now: this.#given.now, actor: unit.meta.actor },
      owner,
      precedingObject: precedingObject(done, targeted.operation),
    });
    if ("needless" in decided) throw new NothingLeft(decided.needless, before);
    const recorded: RecordedEvent = {
      position: this.#given.head.position + this.#steps.length + done.length + 1,
      stream,
      version: (before?.version ?? 0) + 1,
      namespace: unit.namespace,
      bucketId: owner?.bucket_id ?? stream,
      eventId: targeted.eventId,
      transactionId: unit.transactionId,
      recordedAt: this.#recordedAt,
      meta: targeted.reason === undefined ? unit.meta : { ...unit.meta, reason: targeted.reason },
      event: decided,
    };
    assertFewChanges(changesOf(decided));
    assertRecordable(recorded);
    const step = applied(before && this.#folded(stream, overlay), recorded);
    this.#spend(Math.max(roughBytes(step.after) - beforeBytes, 0), isFirst);
    this.#reserve(step, overlay);
    overlay.states.set(stream, { state: step.after, blame: step.blame });
    return [{ ...step, command: targeted }];
  }

  /** @throws VALIDATION_FAILED for what is about too much together with the commands before it. */
  #spend(bytes: number, isFirst: boolean): void {
    this.#bytes += bytes;
    this.#unitBytes += bytes;
    if (!isFirst && this.#unitBytes > limits.transactionBytesMax) throw tooMuchAtOnce();
  }

  #decide(
    before: ResourceState | undefined,
    command: ResourceCommand,
    overlay: Overlay,
    context: Omit<DecisionContext, "related">,
  ): DomainEvent | Needless {
    // A batch names many objects.
    return this.#asking(overlay, (related) => decide(before, command, { ...context, related }));
  }

  /** All that the work asks about and that is not known is asked for at once, whatever it makes without. */
  #asking<T>(
    overlay: Overlay,
    work: (stateOf: (stream: string) => ResourceState | undefined) => T,
  ): T {
    let isMissing = false;
    const stateOf = (stream: string): ResourceState | undefined => {
      try {
        return this.#state(stream, overlay);
      } catch (error) {
        if (!(error instanceof Missing)) throw error;
        isMissing = true;
        return undefined;
      }
    };
    try {
      const made = work(stateOf);
      if (!isMissing) return made;
    } catch (error) {
      if (!isMissing) throw error;
    }
    throw new Missing();
  }

  #accept(unit: Unit, steps: readonly Step[], { overlay, refusals }: PlannedUnit): Outcome {
    this.#overlay.adopt(overlay);
    this.#steps.push(...steps);
    const results = steps.map(toResult);
    const refused = refusals === undefined ? {} : { refusals };
    // A refusal may be tried again under its key: only what was done is kept.
    if (unit.idempotency !== undefined && results.length > 0) {
      this.#idempotency.set(reservationKey(unit.idempotency), {
        ...unit.idempotency,
        recordedAt: this.#recordedAt,
        results: results.map(({ stream, version, position }) => ({ stream, version, position })),
        ...refused,
      });
    }
    return { kind: "committed", results, ...refused };
  }

  /** What the command is about; undefined where no batch waits for it. @throws NOT_FOUND */
  #find(
    namespace: string,
    { target, command }: TargetedCommand,
    overlay: Overlay,
  ): Found | undefined {
    switch (target.kind) {
      case "new":
        return { owner: undefined, before: undefined, stream: target.id };
      case "existing": {
        const before = this.#bucket(namespace, target.identifier, overlay);
        if (before.deleted !== undefined && !isRestoring(command)) throw bucketDeleted(before);
        return { owner: undefined, before, stream: before.bucket_id };
      }
      case "unowned": {
        const kind = kindOfCommand(command);
        const before = this.#state(target.id, overlay);
        const isThere = before?.kind === kind && before.namespace === namespace;
        if (!isThere || before.deleted !== undefined) {
          throw unownedNotFound(kind, target.id, namespace);
        }
        return { owner: undefined, before, stream: target.id };
      }
      case "new_member": {
        const owner = this.#owner(namespace, target.bucket, overlay);
        const holder = this.#firstHolder(holderKeysOf(command, owner), overlay);
        const before = holder === undefined ? undefined : this.#state(holder, overlay);
        return { owner, before, stream: holder ?? target.id };
      }
      case "member": {
        const owner = this.#owner(namespace, target.bucket, overlay);
        const kind = kindOfCommand(command);
        const before = this.#state(target.id, overlay);
        if (before?.kind !== kind || before.bucket_id !== owner.bucket_id) {
          throw memberNotFound(kind, target.id, owner.bucket_id);
        }
        if (before.deleted !== undefined && !isRestoring(command)) {
          throw memberDeleted(kind, target.id, { ...before.deleted, version: before.version });
        }
        return { owner, before, stream: target.id };
      }
      case "next_batch":
        return this.#nextBatch(namespace, overlay);
    }
  }

  /** What waits and may be worked on now; what a full list does not have is asked for. */
  #nextBatch(namespace: string, overlay: Overlay): Found | undefined {
    const now = this.#given.now;
    const { ids, isAll } = this.#openBatches(namespace);
    const waiting = ids.flatMap((id) => {
      const state = this.#state(id, overlay);
      return state?.kind === "batch" && isClaimable(state, now) ? [state] : [];
    });
    const [first] = this.#asking(overlay, (stateOf) =>
      waiting.flatMap((before) => {
        const owner = stateOf(before.bucket_id);
        if (owner?.kind !== "bucket" || owner.deleted !== undefined) return [];
        return ownerTakes("batch", owner, now) ? { owner, before, stream: before.batch_id } : [];
      }),
    );
    if (first !== undefined) return first;
    if (isAll) return undefined;
    this.#missing.openBatches.set(namespace, ids.length * openBatchesFactor);
    throw new Missing();
  }

  #openBatches(namespace: string): OpenBatches {
    const known = this.#given.openBatches.get(namespace);
    if (known !== undefined) return known;
    this.#missing.openBatches.set(namespace, openBatchesAtFirst);
    throw new Missing();
  }

  /** The bucket that a member belongs to: what it holds is hidden with it. */
  #owner(namespace: string, identifier: string, overlay: Overlay): BucketState {
    const owner = this.#bucket(namespace, identifier, overlay);
    if (owner.deleted !== undefined) throw bucketDeleted(owner);
    return owner;
  }

  #bucket(namespace: string, identifier: string, overlay: Overlay): BucketState {
    const stream = looksLikeBucketId(identifier)
      ? identifier.toLowerCase()
      : this.#holder({ scope: nameScope(namespace), key: identifier.normalize("NFC") }, overlay);
    const state = stream === undefined ? undefined : this.#state(stream, overlay);
    if (state?.kind !== "bucket" || state.namespace !== namespace) {
      throw bucketNotFound(identifier, namespace);
    }
    return state;
  }

  #state(stream: string, overlay: Overlay): ResourceState | undefined {
    return this.#folded(stream, overlay)?.state;
  }

  #folded(stream: string, overlay: Overlay): BlamedState | undefined {
    const touched = overlay.state(stream);
    if (touched !== undefined) return touched;
    if (!this.#given.states.has(stream)) {
      this.#missing.states.add(stream);
      throw new Missing();
    }
    return this.#given.states.get(stream);
  }

  #holder(reservation: Reservation, overlay: Overlay): string | undefined {
    const key = reservationKey(reservation);
    const touched = overlay.reservation(key);
    if (touched !== undefined) return touched.stream;
    if (!this.#given.reservations.has(key)) {
      this.#missing.reservations.set(key, reservation);
      throw new Missing();
    }
    return this.#given.reservations.get(key);
  }

  #firstHolder(keys: readonly Reservation[], overlay: Overlay): string | undefined {
    for (const key of keys) {
      const holder = this.#holder(key, overlay);
      if (holder !== undefined) return holder;
    }
    return undefined;
  }

  /** Frees what the state no longer reserves, and takes what it newly does. */
  #reserve({ before, after }: AppliedEvent, overlay: Overlay): void {
    const { freed, taken } = reservationMoves(before, after);
    for (const reservation of freed)
      overlay.reservations.set(reservationKey(reservation), undefined);
    for (const reservation of taken) {
      const holder = this.#holder(reservation, overlay);
      if (holder !== undefined && holder !== streamOf(after)) {
        throw takenBy(reservation, holder);
      }
      overlay.reservations.set(reservationKey(reservation), streamOf(after));
    }
  }
}

function tooMuchAtOnce(): BucketsError {
  const limit = limits.transactionBytesMax;
  const message = `What these writes are about has more than ${limit} bytes together: send fewer at once.`;
  return withDetails(invalidAt(["body"], "too_large_together", message), { limit_bytes: limit });
}

/** The commands of each operation, in their order. */
function byOperation(commands: readonly TargetedCommand[]) {
  const operations = new Map<number, TargetedCommand[]>();
  for (const command of commands) {
    const known = operations.get(command.operation);
    if (known === undefined) operations.set(command.operation, [command]);
    else known.push(command);
  }
  return operations;
}

/** The object that the command right before, of the same operation, was about. */
function precedingObject(before: readonly Step[], operation: number): string | undefined {
  const step = before.findLast(({ command, after }) => {
    return command.operation === operation && after.kind === "object";
  });
  return step?.recorded.stream;
}

interface ReservationMoves {
  readonly freed: readonly Reservation[];
  readonly taken: readonly Reservation[];
}

/** Of most events. */
const noMoves: ReservationMoves = { freed: [], taken: [] };

function areSame(old: readonly Reservation[], wanted: readonly Reservation[]): boolean {
  if (old.length !== wanted.length) return false;
  return old.every(({ scope, key }, at) => scope === wanted[at]?.scope && key === wanted[at].key);
}

/** What an event frees and what it takes. */
export function reservationMoves(
  before: ResourceState | undefined,
  after: ResourceState,
): ReservationMoves {
  const old = before === undefined ? [] : reservationsOf(before);
  const wanted = reservationsOf(after);
  if (areSame(old, wanted)) return noMoves;
  const oldKeys = new Set(old.map(reservationKey));
  const wantedKeys = new Set(wanted.map(reservationKey));
  return {
    freed: old.filter((reservation) => !wantedKeys.has(reservationKey(reservation))),
    taken: wanted.filter((reservation) => !oldKeys.has(reservationKey(reservation))),
  };
}

/** The head once the event is the last of the log. */
export function headAt({ position, hash, recordedAt }: StoredEvent): Head {
  return { position, hash, recordedAt };
}

/** Never seen outside: the commit is planned again before outcomes are read. */
const refusedUntilLoaded: Outcome = {
  kind: "refused",
  error: new BucketsError("INTERNAL", "The commit was not planned to its end."),
  accepted: 0,
};

function replayed({ results, refusals }: IdempotencyRow): Outcome {
  return { kind: "replayed", results, ...(refusals && { refusals }) };
}

function toResult({ recorded, after }: Step): CommandResult {
  const { stream, version, position } = recorded;
  return { stream, version, position, state: after, recorded };
}

function assertPrecondition(precondition: Precondition, state: ResourceState | undefined): void {
  const { ifMatch, ifNoneMatch, isRequired } = precondition;
  if (state === undefined) {
    if (ifMatch === undefined) return;
    throw new BucketsError(
      "PRECONDITION_FAILED",
      "Your If-Match does not hold: this makes something new. Leave it out.",
    );
  }
  if (ifMatch === undefined && isRequired) {
    throw new BucketsError(
      "PRECONDITION_REQUIRED",
      `Send If-Match with the version that you read; the ${state.kind} is at version ${state.version}.`,
      { current_version: state.version },
    );
  }
  const matches = ifMatch === undefined || ifMatch === "*" || ifMatch.includes(state.version);
  const isExcluded = ifNoneMatch === "*" || ifNoneMatch?.includes(state.version) === true;
  if (matches && !isExcluded) return;
  const sent = matches ? "If-None-Match" : "If-Match";
  throw new BucketsError(
    "PRECONDITION_FAILED",
    `Your ${sent} does not hold: the ${state.kind} is at version ${state.version}.`,
    { current_version: state.version, ...idsOf(state) },
  );
}

/** What becomes of the row of a token; nothing, as a list, of all else. */
function tokenMoveOf({ after, command: { digest } }: Step): readonly TokenMove[] {
  if (after.kind !== "token") return [];
  const { name } = after.document;
  if (after.deleted !== undefined) return [{ kind: "closes", name }];
  if (digest === undefined) return [{ kind: "stays", name }];
  return [{ kind: "opens", record: recordOf(after, digest) }];
}

/** The secrets that came to be referred to, and those that no longer are. */
function secretsOf(steps: readonly Step[]): Plan["secrets"] {
  const put = new Map<string, SealedSecret & { bucketId: string }>();
  const drop = new Set<string>();
  for (const { before, after, command } of steps) {
    const wanted = new Set(secretsHeld(after));
    for (const secret of command.secrets) {
      if (wanted.has(secret.reference)) {
        put.set(secret.reference, { ...secret, bucketId: after.bucket_id });
      }
    }
    for (const reference of before === undefined ? [] : secretsHeld(before)) {
      if (wanted.has(reference)) continue;
      put.delete(reference);
      drop.add(reference);
    }
  }
  return { put: [...put.values()], drop: [...drop] };
}
