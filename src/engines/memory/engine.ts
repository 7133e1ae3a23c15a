/**
 * The event store in memory: the reference that other engines are held equal to, and the store of
 * tests. It keeps every promise but durability.
 */

import type { RecordedEvent } from "../../domain/event.js";
import { type Health, healthOf } from "../../domain/health.js";
import type { UnreadableEvent } from "../../domain/history.js";
import { frozen } from "../../domain/json.js";
import { hasNamespace } from "../../domain/namespace/within.js";
import { reservationKey } from "../../domain/reservation.js";
import type { BlamedState, ResourceState } from "../../domain/resource.js";
import { decode, foldRow, toLogged } from "../../eventstore/codec.js";
import { type StoredEvent, zeroHash } from "../../eventstore/frame.js";
import { gatherAndPlan, type Loader, takenId } from "../../eventstore/gather.js";
import { Integrity } from "../../eventstore/integrity.js";
import type { LogTree } from "../../eventstore/log-tree.js";
import { headAt, type Plan } from "../../eventstore/planner.js";
import type { InlineProjection } from "../../eventstore/projection.js";
import { lastAtOrBefore } from "../../eventstore/search.js";
import type { SecretTable } from "../../eventstore/secret-table.js";
import { cutAt } from "../../eventstore/slice.js";
import type {
  CountedEvents,
  EventFilter,
  EventPlace,
  EventStore,
  FoundEvents,
  FoundPage,
  Head,
  IdempotencyKey,
  IdempotencyRow,
  LoggedEvent,
  Outcome,
  SealedSecret,
  StreamPage,
  StreamPoint,
  TimeFilter,
  Unit,
} from "../../eventstore/store.js";
import { memoryLogTree } from "./log-tree.js";
import { MemoryTokenTable } from "./token-table.js";

export interface MemoryEngineOptions {
  readonly projection: InlineProjection;
  readonly clock: () => number;
  readonly newId: (prefix: string) => string;
}

export class MemoryEngine implements EventStore {
  readonly #projection: InlineProjection;
  readonly #clock: () => number;
  readonly #log: StoredEvent[] = [];
  readonly #eventIds = new Set<string>();
  readonly #streams = new Map<string, StoredEvent[]>();
  readonly #idempotency = new Map<string, IdempotencyRow>();
  readonly #secrets = new Map<string, SealedSecret>();
  readonly secrets: SecretTable = {
    all: async () => [...this.#secrets.values()],
    replace: async (secrets) => {
      for (const secret of secrets) this.#secrets.set(secret.reference, secret);
    },
  };
  readonly tokens: MemoryTokenTable;
  /** Who the log is, the tree over it, and what it has signed. */
  readonly tree: LogTree;
  readonly integrity = new Integrity();

  constructor(options: MemoryEngineOptions) {
    this.#projection = options.projection;
    this.#clock = options.clock;
    this.tokens = new MemoryTokenTable(options.projection);
    this.tree = memoryLogTree(
      { logId: options.newId("log"), beganAt: options.clock() },
      (position, count) => this.#log.slice(position, position + count).map(({ hash }) => hash),
    );
  }

  async commit(units: readonly Unit[]): Promise<readonly Outcome[]> {
    this.integrity.assertSound();
    const plan = this.#plan(units);
    this.#assertNew(plan);
    for (const event of plan.events) {
      this.#log.push(event);
      this.#eventIds.add(event.eventId);
      const stream = this.#streams.get(event.stream);
      if (stream === undefined) this.#streams.set(event.stream, [event]);
      else stream.push(event);
    }
    this.#projection.apply(plan.applied);
    for (const row of plan.idempotency) this.#idempotency.set(reservationKey(row), frozen(row));
    for (const secret of plan.secrets.put) this.#secrets.set(secret.reference, secret);
    for (const reference of plan.secrets.drop) this.#secrets.delete(reference);
    this.tokens.move(plan.tokens);
    return plan.outcomes;
  }

  #assertNew({ events, secrets }: Plan): void {
    if (secrets.put.some(({ reference }) => this.#secrets.has(reference))) throw takenId();
    const versions = new Map<string, number>();
    for (const { stream, version } of events) {
      const last = versions.get(stream) ?? this.#streams.get(stream)?.length ?? 0;
      if (version !== last + 1) throw takenId();
      versions.set(stream, version);
    }
  }

  async preview(unit: Unit): Promise<Outcome> {
    const [outcome] = this.#plan([unit]).outcomes;
    if (outcome === undefined) throw new Error("invariant broken: a unit without outcome");
    return outcome;
  }

  #plan(units: readonly Unit[]): Plan {
    const loader: Loader = {
      loadState: (stream) => this.#projection.loadState(stream),
      loadReservation: (scope, key) => this.#projection.loadReservation(scope, key),
      loadIdempotency: (key: IdempotencyKey) => this.#idempotency.get(reservationKey(key)),
      loadOpenBatches: (namespace, count) => this.#projection.loadOpenBatches(namespace, count),
      hasEvent: (eventId) => this.#eventIds.has(eventId),
    };
    return gatherAndPlan(loader, this.#head(), this.#clock(), units);
  }

  async head(): Promise<Head> {
    return this.#head();
  }

  newestAt(): number {
    return this.#head().recordedAt;
  }

  /** What is in memory is read at once. */
  knowsChanges(): boolean {
    return false;
  }

  onChange(): void {}

  #head(): Head {
    const last = this.#log.at(-1);
    return last === undefined ? { position: 0, hash: zeroHash, recordedAt: 0 } : headAt(last);
  }

  async placeAt(stream: string, point: StreamPoint): Promise<EventPlace | undefined> {
    const events = this.#streams.get(stream) ?? [];
    const found = lastAtOrBefore(events.length, (version) => events[version - 1], point);
    if (found === undefined) return undefined;
    const { version, position, recordedAt } = found;
    return { version, position, recordedAt };
  }

  async stateAt(stream: string, version: number): Promise<ResourceState | undefined> {
    return (await this.foldedAt(stream, version))?.state;
  }

  async foldedAt(stream: string, version: number): Promise<BlamedState | undefined> {
    const events = this.#streams.get(stream) ?? [];
    let folded: BlamedState | undefined;
    for (const row of events.slice(0, Math.max(version, 0))) folded = foldRow(folded, row);
    return folded;
  }

  async statesAt(
    streams: readonly string[],
    point: StreamPoint,
  ): Promise<readonly ResourceState[]> {
    const found: ResourceState[] = [];
    for (const stream of streams) {
      const place = await this.placeAt(stream, point);
      const state = await this.stateAt(stream, place?.version ?? 0);
      if (state !== undefined) found.push(state);
    }
    return found;
  }

  async readStream(
    stream: string,
    page: StreamPage,
  ): Promise<readonly (LoggedEvent | UnreadableEvent)[]> {
    const events = this.#streams.get(stream) ?? [];
    const inRange = events.slice(Math.max(page.from - 1, 0), Math.max(page.to, 0));
    if (page.order === "desc") inRange.reverse();
    return inRange
      .slice(0, page.limit)
      .map((row) => toLogged(row, this.#log[row.position - 2]?.hash ?? zeroHash));
  }

  async readLog(after: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.#log.slice(after, after + limit);
  }

  async nextOf(namespace: string, after: number): Promise<number | undefined> {
    const index = this.#log.findIndex((event, at) => at >= after && event.namespace === namespace);
    return this.#log[index]?.position;
  }

  async answeredKeys(from: number, to: number): Promise<readonly IdempotencyRow[]> {
    return [...this.#idempotency.values()]
      .filter(({ recordedAt }) => from <= recordedAt && recordedAt <= to)
      .sort(
        (a, b) => a.recordedAt - b.recordedAt || order(a.scope, b.scope) || order(a.key, b.key),
      );
  }

  async find(
    filter: EventFilter,
    { skip, limit, before, bytesMax }: FoundPage,
  ): Promise<FoundEvents> {
    // Its own plans wrote the log, so that all of it can be read.
    const found = this.#log.filter((row) => isWanted(decode(row), filter));
    const { position: end = Number.POSITIVE_INFINITY } = before ?? {};
    const page = found.filter(({ position }) => position < end).reverse();
    const { rows, isCut } = cutAt(page.slice(skip, skip + limit), bytesMax);
    return { events: rows.map(decode), isCut, total: found.length };
  }

  async countByTime({ namespace, from, to, stepMs }: TimeFilter): Promise<CountedEvents[]> {
    const inRange = this.#log.filter(
      (row) => row.namespace === namespace && row.recordedAt >= from && row.recordedAt < to,
    );
    const stepOf = ({ recordedAt }: StoredEvent) => Math.floor((recordedAt - from) / stepMs);
    return [...Map.groupBy(inRange, stepOf)].flatMap(([step, ofStep]) =>
      [...Map.groupBy(ofStep, ({ type }) => type)]
        .map(([type, { length: count }]) => ({ step, type, count }))
        .sort((a, b) => (a.type < b.type ? -1 : 1)),
    );
  }

  async secret(reference: string): Promise<SealedSecret | undefined> {
    return this.#secrets.get(reference);
  }

  async health(): Promise<Health> {
    return healthOf("none", [this.integrity.check()]);
  }

  async close(): Promise<void> {}
}

function isWanted(recorded: RecordedEvent, filter: EventFilter): boolean {
  const { recordedAt, event, meta } = recorded;
  return (
    hasNamespace(filter.within, recorded.namespace) &&
    recorded.eventId === (filter.eventId ?? recorded.eventId) &&
    recorded.stream === (filter.stream ?? recorded.stream) &&
    meta.actor === (filter.actor ?? meta.actor) &&
    recordedAt >= (filter.from ?? recordedAt) &&
    recordedAt <= (filter.to ?? recordedAt) &&
    (filter.types === undefined || filter.types.includes(event.type))
  );
}

function order(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
