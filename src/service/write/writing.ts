/**
 * Carries out writes as units of the event store: prepares their commands, commits or previews them
 * as one, and recognises a request that was carried out before. It does not know what is written,
 * nor whether there is one operation or many.
 */
import { hash } from "node:crypto";
import type { ServedCommitOptions, ServedOperationOptions } from "../../api/index.js";
import type { BlobStore } from "../../blobstore/blob-store.js";
import {
  BucketsError,
  type ErrorDetails,
  invariant,
  isBucketsError,
  withDetails,
} from "../../domain/errors.js";
import type { EventMeta } from "../../domain/event.js";
import { assertReadable } from "../../domain/history.js";
import type { JsonValue } from "../../domain/json.js";
import { roughBytesOf } from "../../domain/measure.js";
import { anyVersion, type Precondition } from "../../domain/precondition.js";
import type { ResourceState } from "../../domain/resource.js";
import type { Committer } from "../../eventstore/committer.js";
import type { ReceivedTable } from "../../eventstore/received-table.js";
import {
  type CommandResult,
  type EventStore,
  type IdempotencyKey,
  type Outcome,
  type Placement,
  type RefusedOperation,
  refusedOperation,
  type TargetedCommand,
  type Unit,
} from "../../eventstore/store.js";
import type { View } from "../../projections/view.js";
import type { Asker } from "../asker.js";
import { giveUpContents } from "../blob-references.js";
import { explainMissing } from "../read/missing.js";
import { explainConflict, type RefusedUnit } from "./explain-conflict.js";

/** An operation whose shape fits, before anything is looked up for it. */
export interface Checked<Result> {
  readonly reason: string | undefined;
  readonly precondition: Precondition;
  /** What makes two calls the same, for an Idempotency-Key without a fingerprint of its own. */
  readonly call: JsonValue;
  readonly command: Prepared | Preparation;
  /** In the same unit, right before it and right after. */
  readonly precededBy?: readonly Accompanying[];
  readonly followedBy?: readonly Accompanying[];
  readonly render: (done: Done) => Promise<Result>;
}

/** A command as data, with all that comes with it. */
export interface Prepared extends Pick<TargetedCommand, "target" | "command"> {
  /** Kept as far as the event refers to them; none unless given. */
  readonly secrets?: TargetedCommand["secrets"];
  /** SHA-256 of the secret by which a token opens from then on. */
  readonly digest?: TargetedCommand["digest"];
  /** The hashes of contents that were stored or renewed for it: given up with it when it is refused. */
  readonly stored?: readonly string[] | undefined;
  /** A secret that was made for it, for the answer alone. */
  readonly revealed?: { readonly reference: string; readonly value: string } | undefined;
}

/** A command that needs more than the request says. */
export interface Preparation {
  /** What it was made of goes stale: it is made anew when the unit has to be tried again. */
  readonly goesStale: boolean;
  /** @param before what the operations before it in the same unit would leave. */
  readonly prepare: (before: () => Promise<readonly CommandResult[]>) => Promise<Prepared>;
}

/** A command that is made once, such as one for which bytes are stored. */
export function preparedOnce(prepare: Preparation["prepare"]): Preparation {
  return { goesStale: false, prepare };
}

/** What an operation carries out beside its own command: accepted with it, or refused with it. */
export type Accompanying = Pick<Checked<unknown>, "reason" | "precondition" | "command">;

/** A command that goes along with an operation, without a condition of its own. */
export function accompanying(command: Prepared | Preparation): Accompanying {
  return { reason: undefined, precondition: anyVersion, command };
}

/** What an operation did, now or when its Idempotency-Key was first seen. */
export interface Done extends Pick<CommandResult, "state" | "recorded"> {
  /**
   * The moment that it is answered as of, milliseconds: that of its event, so that a replay is answered
   * alike, unless the clock is behind it.
   */
  readonly at: number;
  readonly replayed: boolean;
  readonly dryRun: boolean;
  /** A secret that it made, unless it was only tried or was done before. */
  readonly revealed?: Prepared["revealed"];
}

export interface UnitOptions extends ServedCommitOptions {
  /** `each`: an operation that is refused does not keep the others from being accepted. */
  readonly acceptance?: "each" | undefined;
  readonly transactionId?: string | undefined;
  /** Why, for the operations that do not say so themselves. */
  readonly reason?: string | undefined;
  /** What the refusal of the operation with that index says beside its own details. */
  readonly detailsOf?: (index: number) => ErrorDetails;
}

export interface UnitDone<Result> {
  /** Of the operations that were accepted, in their order. */
  readonly results: readonly Result[];
  /** Of a unit whose operations are accepted one by one: those that were not. */
  readonly refusals: readonly RefusedOperation[];
  readonly transactionId: string | undefined;
  readonly replayed: boolean;
  readonly dryRun: boolean;
}

/** What became of an operation, for whom a refusal is no end. */
export type Attempted<Result> =
  | { readonly kind: "done"; readonly result: Result }
  | Unwritten<{ readonly kind: "needless"; readonly why: string; readonly stands: Standing }>
  | Unwritten<{ readonly kind: "refused"; readonly error: BucketsError }>;

/** What a needless command is about, as it is. */
type Standing = ResourceState | undefined;

/** Nothing was recorded; `isOwn` where that is for the operation's own command, not for one along with it. */
type Unwritten<What> = What & { readonly isOwn: boolean };

/** A unit whose commands were accepted, now or before. */
type Carried = Extract<Outcome, { readonly kind: "committed" | "replayed" }>;
type NotCarried = Exclude<Outcome, Carried>;

/** What the writer stands on. */
interface WriterParts {
  readonly events: EventStore;
  readonly view: View;
  readonly received: ReceivedTable;
  readonly blobs: BlobStore;
  readonly committer: Committer;
  /** Does what closing the store has to wait for. @throws NOT_READY once it is closing. */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>;
  readonly clock: () => number;
  readonly newId: (prefix: string) => string;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** The commands that were made so far, by their steps. */
type Made = Map<Accompanying, Prepared>;

const saltBytes = 16;
const attemptsMax = 10;

export class UnitWriter {
  readonly #parts: WriterParts;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /** @throws whatever refuses one of the operations; then nothing was recorded. */
  write<Result>(
    asker: Asker,
    operations: readonly Checked<Result>[],
    options: UnitOptions,
  ): Promise<UnitDone<Result>> {
    return this.#parts.run(async () => {
      const done = await this.#write(asker, operations, options);
      if (isDone(done)) return done;
      throw done.kind === "refused" ? done.error : new BucketsError("CONFLICT", done.why);
    });
  }

  /** A unit of one operation, whose refusal is a result like any other. */
  attempt<Result>(
    asker: Asker,
    operation: Checked<Result>,
    options: UnitOptions,
  ): Promise<Attempted<Result>> {
    return this.#parts.run(async () => {
      const done = await this.#write(asker, [operation], options);
      if (isDone(done)) return { kind: "done", result: theOne(done) };
      const at = stepsOf([operation])[done.accepted];
      return { ...done, isOwn: at?.isOwn === true };
    });
  }

  /** A unit of one operation. @throws whatever refuses it; then nothing was recorded. */
  async writeOne<Result>(
    asker: Asker,
    operation: Checked<Result>,
    options: UnitOptions,
  ): Promise<Result> {
    return theOne(await this.write(asker, [operation], options));
  }

  async #write<Result>(
    asker: Asker,
    operations: readonly Checked<Result>[],
    options: UnitOptions,
  ): Promise<UnitDone<Result> | NotCarried> {
    const made: Made = new Map();
    const outcome = await this.#carriedOut(asker, operations, options, made);
    if (!isCarried(outcome)) {
      await this.#giveUp(stepsOf(operations), made);
      return outcome;
    }
    try {
      return await this.#answer(operations, options, made, outcome);
    } catch (error) {
      throw options.dryRun === true ? error : unanswered(error);
    }
  }

  /** Says what was carried out, which may have to be read again. */
  async #answer<Result>(
    operations: readonly Checked<Result>[],
    options: UnitOptions,
    made: Made,
    outcome: Carried,
  ): Promise<UnitDone<Result>> {
    const replayed = outcome.kind === "replayed";
    const dryRun = options.dryRun === true;
    const places = replayed ? await this.#readAgain(outcome.results) : outcome.results;
    const now = this.#parts.clock();
    const { refusals = [] } = outcome;
    const refused = new Set(refusals.map(({ index }) => index));
    const steps = stepsOf(operations);
    const accepted = steps.filter(({ index }) => !refused.has(index));
    const others = steps.filter(({ index }) => refused.has(index));
    await this.#giveUp(others, made);
    // One that takes the next batch and finds none is accepted, and has done nothing.
    const isWhole = accepted.length === places.length || places.length === 0;
    invariant(isWhole, "a result for each accepted command");
    const rendered = places.flatMap((place, index) => {
      const { operation, isOwn } = stepAt(accepted, index);
      if (!isOwn) return [];
      const revealed = replayed || dryRun ? undefined : made.get(operation)?.revealed;
      const at = Math.min(place.recorded.recordedAt, now);
      return [operation.render({ ...place, at, replayed, dryRun, revealed })];
    });
    return {
      results: await Promise.all(rendered),
      refusals,
      transactionId: places[0]?.recorded.transactionId,
      replayed,
      dryRun,
    };
  }

  /** Nor are any kept of what certainly was not written, because there was no room or no time for it. */
  async #carriedOut<Result>(
    asker: Asker,
    operations: readonly Checked<Result>[],
    options: UnitOptions,
    made: Made,
  ): Promise<Outcome> {
    try {
      return await this.#carryOut(asker, operations, options, made);
    } catch (error) {
      const isUnwritten = isBucketsError(error) && error.details["outcome"] === "not_written";
      if (isUnwritten) await this.#giveUp(stepsOf(operations), made);
      throw error;
    }
  }

  /** Of what was refused no contents are kept. */
  async #giveUp(refused: readonly Step<unknown>[], made: Made): Promise<void> {
    for (const { step } of refused) {
      const prepared = "prepare" in step.command ? made.get(step) : step.command;
      await giveUpContents(this.#parts, prepared?.stored ?? []);
    }
  }

  /**
   * What was done under the Idempotency-Key before, in its order: for what cannot be asked again,
   * because doing it has changed what is asked about. Empty without a key.
   *
   * @throws IDEMPOTENCY_KEY_REUSED
   */
  async findDone(asker: Asker, call: JsonValue, options: UnitOptions): Promise<readonly Done[]> {
    const empty = this.#emptyUnit(asker, [{ call }], options);
    if (empty.idempotency === undefined) return [];
    const known = await this.#explained(this.#parts.events.preview(empty), empty, () => ({}));
    if (known.kind === "refused") throw known.error;
    if (known.kind !== "replayed") return [];
    const places = await this.#readAgain(known.results);
    const now = this.#parts.clock();
    return places.map((place) => {
      const at = Math.min(place.recorded.recordedAt, now);
      return { ...place, at, replayed: true, dryRun: false };
    });
  }

  async #carryOut<Result>(
    asker: Asker,
    operations: readonly Checked<Result>[],
    options: UnitOptions,
    made: Made,
  ): Promise<Outcome> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(asker, operations, options, made);
      const isStale = outcome.kind === "refused" && outcome.error.details["stale"] === true;
      if (!isStale || attempt === attemptsMax) return outcome;
    }
  }

  async #attempt<Result>(
    asker: Asker,
    operations: readonly Checked<Result>[],
    options: UnitOptions,
    made: Made,
  ): Promise<Outcome> {
    const { events, committer } = this.#parts;
    const empty = this.#emptyUnit(asker, operations, options);
    const steps = stepsOf(operations);
    const detailsAt = (at: number) => options.detailsOf?.(stepAt(steps, at).index) ?? {};
    const commands: TargetedCommand[] = [];
    const refusals: RefusedOperation[] = [];
    const before = async () => {
      if (commands.length === 0) return [];
      const unit = { ...empty, commands: [...commands], idempotency: undefined };
      const outcome = await this.#explained(events.preview(unit), unit, detailsAt);
      if (outcome.kind === "refused") throw outcome.error;
      return outcome.kind === "committed" ? outcome.results : [];
    };
    for (const [at, { step, index }] of steps.entries()) {
      try {
        if (!refusals.some((refused) => refused.index === index)) {
          const prepared = await preparedOf(step.command, made.get(step), before);
          made.set(step, prepared);
          commands.push(this.#command(step, index, prepared));
        }
      } catch (error) {
        if (options.acceptance === "each" && isBucketsError(error)) {
          refusals.push(refusedOperation(error, index));
          continue;
        }
        // What was done under the key before is answered as it was, whatever is there now.
        const known = await this.#explained(events.preview(empty), empty, detailsAt);
        if (known.kind === "replayed" || known.kind === "refused") return known;
        if (!isBucketsError(error)) throw error;
        return { kind: "refused", error: withDetails(error, detailsAt(at)), accepted: at };
      }
    }
    const refused = new Set(refusals.map(({ index }) => index));
    const kept = commands.filter(({ operation }) => !refused.has(operation));
    const unit = { ...empty, commands: kept, ...(refusals.length > 0 && { refusals }) };
    const isDry = options.dryRun === true;
    return await this.#explained(
      isDry ? events.preview(unit) : committer.submit(unit),
      unit,
      detailsAt,
    );
  }

  /** A refusal says also what the caller missed, and which operation it is about. */
  async #explained(
    answer: Promise<Outcome>,
    unit: Unit,
    detailsAt: (at: number) => ErrorDetails,
  ): Promise<Outcome> {
    const outcome = await answer;
    if (outcome.kind !== "refused") return outcome;
    const { error, accepted: index } = outcome;
    // This is about the whole.
    if (error.code === "IDEMPOTENCY_KEY_REUSED") return outcome;
    const explained = await explain(this.#parts, { error, unit, index });
    return { ...outcome, error: withDetails(explained, detailsAt(index)) };
  }

  #command(
    { precondition, reason }: Accompanying,
    operation: number,
    { target, command, secrets = [], digest }: Prepared,
  ): TargetedCommand {
    const salts = this.#parts.randomBytes(2 * saltBytes);
    return {
      target,
      command,
      secrets,
      digest,
      operation,
      precondition,
      reason,
      eventId: this.#parts.newId("evt"),
      salt: salts.subarray(0, saltBytes),
      metaSalt: salts.subarray(saltBytes),
    };
  }

  #emptyUnit(
    asker: Asker,
    operations: readonly Pick<Checked<unknown>, "call">[],
    options: UnitOptions,
  ): Unit {
    const calls = operations.map((operation) => operation.call);
    const isMany = options.transactionId !== undefined || options.acceptance !== undefined;
    // That of a single write is its own, so that keys of before there were transactions still hold.
    const call = isMany ? calls : calls[0];
    return {
      namespace: asker.namespace,
      commands: [],
      meta: this.#meta(asker, options),
      idempotency: idempotencyOf(asker, options, call),
      transactionId: options.transactionId,
      ...(options.acceptance !== undefined && { acceptance: options.acceptance }),
      bytes: roughBytesOf(calls),
    };
  }

  #meta({ caller }: Asker, { reason, idempotencyKey }: UnitOptions): EventMeta {
    const { actor, token, requestId, userAgent, remoteAddress, traceId } = caller;
    return {
      actor,
      ...(token !== undefined && { token }),
      ...(reason !== undefined && { reason }),
      request_id: requestId ?? this.#parts.newId("req"),
      ...(idempotencyKey !== undefined && { idempotency_key: idempotencyKey }),
      ...(userAgent !== undefined && { user_agent: userAgent }),
      ...(remoteAddress !== undefined && { remote_address: remoteAddress }),
      ...(traceId !== undefined && { trace_id: traceId }),
    };
  }

  /** What was done then, to be answered again as of then. */
  #readAgain(placements: readonly Placement[]) {
    const { events } = this.#parts;
    return Promise.all(placements.map((placement) => resultAt(events, placement)));
  }
}

function idempotencyOf(
  { namespace, caller }: Asker,
  options: UnitOptions,
  call: JsonValue | undefined,
): IdempotencyKey | undefined {
  const { idempotencyKey: key, dryRun } = options;
  if (key === undefined) return undefined;
  const sent = options.fingerprint ?? hash("sha256", JSON.stringify(call));
  // A dry run is never what was done under the key, and leaves it unused.
  const fingerprint = dryRun === true ? `dry run of ${sent}` : sent;
  return { scope: `${namespace}/${caller.keysOf}`, key, fingerprint };
}

/** The refusal, with what the caller missed or probably meant. */
async function explain(parts: WriterParts, refused: RefusedUnit): Promise<BucketsError> {
  return await explainMissing(parts, await explainConflict(parts, refused));
}

/** @param made what it was made to before, in an attempt that has become stale. */
async function preparedOf(
  command: Prepared | Preparation,
  made: Prepared | undefined,
  before: () => Promise<readonly CommandResult[]>,
): Promise<Prepared> {
  if (!("prepare" in command)) return command;
  if (made !== undefined && !command.goesStale) return made;
  return await command.prepare(before);
}

/**
 * What kept the answer of a write from being made, of which the caller must not think that it refused the
 * write: under the same Idempotency-Key the answer is read again.
 */
function unanswered(error: unknown): unknown {
  if (!isBucketsError(error)) return error;
  const message = `What was written cannot be told: ${error.message}`;
  return new BucketsError(error.code, message, { ...error.details, outcome: "unknown" }, error);
}

function isCarried(outcome: Outcome): outcome is Carried {
  return outcome.kind === "committed" || outcome.kind === "replayed";
}

function isDone<Result>(done: UnitDone<Result> | NotCarried): done is UnitDone<Result> {
  return !("kind" in done);
}

function theOne<Result>({ results: [result] }: UnitDone<Result>): Result {
  invariant(result !== undefined, "a unit of one without a result");
  return result;
}

/** One command of a unit, and the operation that it is of. */
interface Step<Result> {
  readonly step: Accompanying;
  readonly operation: Checked<Result>;
  /** Of the operation. */
  readonly index: number;
  /** Whether it is the operation's own command, or one that goes along with it. */
  readonly isOwn: boolean;
}

function stepsOf<Result>(operations: readonly Checked<Result>[]): readonly Step<Result>[] {
  return operations.flatMap((operation, index) => {
    const { precededBy = [], followedBy = [] } = operation;
    const along = (step: Accompanying) => ({ step, operation, index, isOwn: false });
    const own = { step: operation, operation, index, isOwn: true };
    return [...precededBy.map(along), own, ...followedBy.map(along)];
  });
}

function stepAt<Result>(steps: readonly Step<Result>[], at: number): Step<Result> {
  const step = steps[at];
  invariant(step !== undefined, `a unit without a command ${at}`);
  return step;
}

async function resultAt(events: EventStore, { stream, version }: Placement) {
  const state = await events.stateAt(stream, version);
  const page = { order: "asc", from: version, to: version, limit: 1 } as const;
  const [logged] = await events.readStream(stream, page);
  invariant(state !== undefined && logged !== undefined, `${stream} has lost version ${version}`);
  assertReadable(logged);
  return { state, recorded: logged.recorded };
}

export function preconditionOf({ precondition, ifVersion }: ServedOperationOptions): Precondition {
  if (precondition !== undefined) return precondition;
  return ifVersion === undefined ? anyVersion : { ...anyVersion, ifMatch: [ifVersion] };
}
