/**
 * The event store in memory: the reference that other engines are held equal to, and the store of
 * tests. It keeps every promise but durability.
 */
import type { RecordedEvent } from "../../domain/event.js";
import { fold, type ResourceState } from "../../domain/resource.js";
import { decode, toLogged } from "../codec.js";
import { type StoredEvent, zeroHash } from "../frame.js";
import { gatherAndPlan, type Loader } from "../gather.js";
import { headAt, type IdempotencyRow, type Plan, reservationKey } from "../planner.js";
import type { InlineProjection } from "../projection.js";
import { lastAtOrBefore } from "../search.js";
import type {
  EventFilter,
  EventPlace,
  EventStore,
  FoundEvents,
  Head,
  Health,
  IdempotencyKey,
  LoggedEvent,
  Outcome,
  SealedSecret,
  StreamPage,
  StreamPoint,
  Unit,
} from "../store.js";

export interface MemoryEngineOptions {
  readonly projection: InlineProjection;
  readonly clock: () => number;
}

export class MemoryEngine implements EventStore {
  readonly #projection: InlineProjection;
  readonly #clock: () => number;
  readonly #log: StoredEvent[] = [];
  readonly #streams = new Map<string, StoredEvent[]>();
  readonly #idempotency = new Map<string, IdempotencyRow>();
  readonly #secrets = new Map<string, SealedSecret>();

  constructor(options: MemoryEngineOptions) {
    this.#projection = options.projection;
    this.#clock = options.clock;
  }

  async commit(units: readonly Unit[]): Promise<readonly Outcome[]> {
    const plan = this.#plan(units);
    for (const event of plan.events) {
      this.#log.push(event);
      const stream = this.#streams.get(event.stream);
      if (stream === undefined) this.#streams.set(event.stream, [event]);
      else stream.push(event);
    }
    this.#projection.apply(plan.applied);
    for (const row of plan.idempotency) this.#idempotency.set(reservationKey(row), row);
    for (const secret of plan.secrets.put) this.#secrets.set(secret.reference, secret);
    for (const reference of plan.secrets.drop) this.#secrets.delete(reference);
    return plan.outcomes;
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
    };
    return gatherAndPlan(loader, this.#head(), this.#clock(), units);
  }

  async head(): Promise<Head> {
    return this.#head();
  }

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
    const events = this.#streams.get(stream) ?? [];
    return fold(events.slice(0, Math.max(version, 0)).map(decode));
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

  async readStream(stream: string, page: StreamPage): Promise<readonly LoggedEvent[]> {
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

  async find(
    filter: EventFilter,
    { skip, limit }: { readonly skip: number; readonly limit: number },
  ): Promise<FoundEvents> {
    const found = this.#log.map(decode).filter((recorded) => isWanted(recorded, filter));
    return { events: found.reverse().slice(skip, skip + limit), total: found.length };
  }

  async secret(reference: string): Promise<SealedSecret | undefined> {
    return this.#secrets.get(reference);
  }

  async health(): Promise<Health> {
    return { ready: true, durability: "none" };
  }

  async close(): Promise<void> {}
}

function isWanted(recorded: RecordedEvent, filter: EventFilter): boolean {
  const { recordedAt, event, meta } = recorded;
  return (
    recorded.namespace === filter.namespace &&
    recorded.eventId === (filter.eventId ?? recorded.eventId) &&
    recorded.stream === (filter.stream ?? recorded.stream) &&
    meta.actor === (filter.actor ?? meta.actor) &&
    recordedAt >= (filter.from ?? recordedAt) &&
    recordedAt <= (filter.to ?? recordedAt) &&
    (filter.types === undefined || filter.types.includes(event.type))
  );
}
