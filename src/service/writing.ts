/**
 * Carries out writes as units of the event store: prepares their commands, commits or previews them
 * as one, and recognises a request that was carried out before. It does not know what is written,
 * nor whether there is one operation or many.
 */
import { hash } from "node:crypto";
import {
  BucketsError,
  type ErrorDetails,
  invariant,
  isBucketsError,
  withDetails,
} from "../domain/errors.js";
import type { EventMeta } from "../domain/event.js";
import type { JsonValue } from "../domain/json.js";
import { limits } from "../domain/limits.js";
import {
  type CommandResult,
  type EventStore,
  type IdempotencyKey,
  type Outcome,
  type Placement,
  type Precondition,
  type RefusedOperation,
  refusedOperation,
  type TargetedCommand,
  type Unit,
} from "../eventstore/store.js";
import type { ServedCommitOptions, ServedOperationOptions } from "./interface.js";
import type { KnownCaller, ServiceParts } from "./parts.js";

/** An operation whose shape fits, before anything is looked up for it. */
export interface Checked<Result> {
  readonly reason: string | undefined;
  readonly precondition: Precondition;
  /** What makes two calls the same, for an Idempotency-Key without a fingerprint of its own. */
  readonly call: JsonValue;
  /**
   * Reads what the command needs of the past; again, when that has become stale meanwhile.
   * @param before what the operations before it in the same unit would leave.
   */
  readonly prepare: (before: () => Promise<readonly CommandResult[]>) => Promise<Prepared>;
  /** In the same unit, right before it and right after. */
  readonly precededBy?: readonly Accompanying[];
  readonly followedBy?: readonly Accompanying[];
  readonly render: (done: Done) => Promise<Result>;
}

export type Prepared = Pick<TargetedCommand, "target" | "command" | "secrets">;

/** What an operation carries out beside its own command: accepted with it, or refused with it. */
export type Accompanying = Pick<Checked<unknown>, "reason" | "precondition" | "prepare">;

/** What an operation did, now or when its Idempotency-Key was first seen. */
export interface Done extends Pick<CommandResult, "state" | "recorded"> {
  readonly replayed: boolean;
  readonly dryRun: boolean;
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

/** A unit of which one command was refused. */
export interface RefusedUnit {
  readonly error: BucketsError;
  readonly unit: Unit;
  /** Of the command. */
  readonly index: number;
}

type Carried = Exclude<Outcome, { readonly kind: "refused" }>;

const saltBytes = 16;
const attemptsMax = 10;

export class UnitWriter {
  readonly #parts: Pick<ServiceParts, "events" | "submit" | "newId" | "randomBytes">;
  readonly #namespace: string;
  readonly #caller: KnownCaller;
  readonly #explain: (refused: RefusedUnit) => Promise<BucketsError>;

  /** @param explain says more about a refusal than the event store does. */
  constructor(
    parts: ServiceParts,
    namespace: string,
    caller: KnownCaller,
    explain: (refused: RefusedUnit) => Promise<BucketsError>,
  ) {
    this.#parts = parts;
    this.#namespace = namespace;
    this.#caller = caller;
    this.#explain = explain;
  }

  /** @throws whatever refuses one of the operations; then nothing was recorded. */
  async write<Result>(
    operations: readonly Checked<Result>[],
    options: UnitOptions,
  ): Promise<UnitDone<Result>> {
    const outcome = await this.#carryOut(operations, options);
    const replayed = outcome.kind === "replayed";
    const dryRun = options.dryRun === true;
    const places = replayed ? await this.#readAgain(outcome.results) : outcome.results;
    const { refusals = [] } = outcome;
    const refused = new Set(refusals.map(({ index }) => index));
    const accepted = stepsOf(operations).filter(({ index }) => !refused.has(index));
    invariant(accepted.length === places.length, "a result for each accepted command");
    const rendered = places.flatMap((place, index) => {
      const { operation, isOwn } = stepAt(accepted, index);
      return isOwn ? [operation.render({ ...place, replayed, dryRun })] : [];
    });
    return {
      results: await Promise.all(rendered),
      refusals,
      transactionId: places[0]?.recorded.transactionId,
      replayed,
      dryRun,
    };
  }

  /**
   * What was done under the Idempotency-Key before, in its order: for what cannot be asked again,
   * because doing it has changed what is asked about. Empty without a key.
   *
   * @throws IDEMPOTENCY_KEY_REUSED
   */
  async findDone(call: JsonValue, options: UnitOptions): Promise<readonly Done[]> {
    const empty = this.#emptyUnit([{ call }], options);
    if (empty.idempotency === undefined) return [];
    const known = await this.#accepted(this.#parts.events.preview(empty), empty, () => ({}));
    if (known.kind !== "replayed") return [];
    const places = await this.#readAgain(known.results);
    return places.map((place) => ({ ...place, replayed: true, dryRun: false }));
  }

  async #carryOut<Result>(
    operations: readonly Checked<Result>[],
    options: UnitOptions,
  ): Promise<Carried> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(operations, options);
      } catch (error) {
        const isStale = isBucketsError(error) && error.details["stale"] === true;
        if (!isStale || attempt === attemptsMax) throw error;
      }
    }
  }

  async #attempt<Result>(
    operations: readonly Checked<Result>[],
    options: UnitOptions,
  ): Promise<Carried> {
    const { events, submit } = this.#parts;
    const empty = this.#emptyUnit(operations, options);
    const steps = stepsOf(operations);
    const detailsAt = (at: number) => options.detailsOf?.(stepAt(steps, at).index) ?? {};
    const commands: TargetedCommand[] = [];
    const refusals: RefusedOperation[] = [];
    const before = async () => {
      if (commands.length === 0) return [];
      const unit = { ...empty, commands: [...commands], idempotency: undefined };
      const outcome = await this.#accepted(events.preview(unit), unit, detailsAt);
      return outcome.kind === "committed" ? outcome.results : [];
    };
    for (const [at, { step, index }] of steps.entries()) {
      try {
        if (!refusals.some((refused) => refused.index === index)) {
          commands.push(this.#command(step, index, await step.prepare(before)));
        }
      } catch (error) {
        if (options.acceptance === "each" && isBucketsError(error)) {
          refusals.push(refusedOperation(error, index));
          continue;
        }
        // What was done under the key before is answered as it was, whatever is there now.
        const known = await this.#accepted(events.preview(empty), empty, detailsAt);
        if (known.kind === "replayed") return known;
        throw isBucketsError(error) ? withDetails(error, detailsAt(at)) : error;
      }
    }
    const refused = new Set(refusals.map(({ index }) => index));
    const kept = commands.filter(({ operation }) => !refused.has(operation));
    const unit = { ...empty, commands: kept, ...(refusals.length > 0 && { refusals }) };
    const isDry = options.dryRun === true;
    return await this.#accepted(isDry ? events.preview(unit) : submit(unit), unit, detailsAt);
  }

  /** @throws what refused the unit, explained. */
  async #accepted(
    answer: Promise<Outcome>,
    unit: Unit,
    detailsAt: (at: number) => ErrorDetails,
  ): Promise<Carried> {
    const outcome = await answer;
    if (outcome.kind !== "refused") return outcome;
    const { error, accepted: index } = outcome;
    // This is about the whole.
    if (error.code === "IDEMPOTENCY_KEY_REUSED") throw error;
    throw withDetails(await this.#explain({ error, unit, index }), detailsAt(index));
  }

  #command(
    { precondition, reason }: Accompanying,
    operation: number,
    prepared: Prepared,
  ): TargetedCommand {
    const salts = this.#parts.randomBytes(2 * saltBytes);
    return {
      ...prepared,
      operation,
      precondition,
      reason,
      eventId: this.#parts.newId("evt"),
      salt: salts.subarray(0, saltBytes),
      metaSalt: salts.subarray(saltBytes),
    };
  }

  #emptyUnit(operations: readonly Pick<Checked<unknown>, "call">[], options: UnitOptions): Unit {
    const calls = operations.map((operation) => operation.call);
    const isMany = options.transactionId !== undefined || options.acceptance !== undefined;
    // That of a single write is its own, so that keys of before there were transactions still hold.
    const call = JSON.stringify(isMany ? calls : calls[0]);
    return {
      namespace: this.#namespace,
      commands: [],
      meta: this.#meta(options),
      idempotency: options.dryRun === true ? undefined : this.#idempotency(options, call),
      transactionId: options.transactionId,
      ...(options.acceptance !== undefined && { acceptance: options.acceptance }),
      bytes: Buffer.byteLength(call),
    };
  }

  #idempotency(options: UnitOptions, call: string): IdempotencyKey | undefined {
    const { idempotencyKey: key, fingerprint = hash("sha256", call) } = options;
    if (key === undefined) return undefined;
    return { scope: `${this.#namespace}/${this.#caller.token}`, key, fingerprint };
  }

  #meta({ reason, idempotencyKey }: UnitOptions): EventMeta {
    const { actor, requestId, userAgent, remoteAddress, traceId } = this.#caller;
    return {
      actor,
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
  return { state, recorded: logged.recorded };
}

export const anyVersion: Precondition = {
  ifMatch: undefined,
  ifNoneMatch: undefined,
  isRequired: false,
};

export function preconditionOf({ precondition, ifVersion }: ServedOperationOptions): Precondition {
  if (precondition !== undefined) return precondition;
  return ifVersion === undefined ? anyVersion : { ...anyVersion, ifMatch: [ifVersion] };
}

/** @throws BAD_REQUEST for a reason that is too long. */
export function checkReason(reason: string | undefined): void {
  const length = reason === undefined ? 0 : [...reason].length;
  if (length <= limits.reasonLengthMax) return;
  throw new BucketsError(
    "BAD_REQUEST",
    `A reason has at most ${limits.reasonLengthMax} characters; this one has ${length}.`,
  );
}

/** @throws BAD_REQUEST for a key that is none. */
export function checkKey({ idempotencyKey: key }: ServedCommitOptions): void {
  if (key === undefined) return;
  if (/^[\x21-\x7e]+$/.test(key) && key.length <= limits.idempotencyKeyLengthMax) return;
  throw new BucketsError(
    "BAD_REQUEST",
    `An Idempotency-Key has 1 to ${limits.idempotencyKeyLengthMax} visible ASCII characters.`,
  );
}
