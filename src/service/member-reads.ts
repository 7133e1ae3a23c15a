/** Reading what is in a bucket, now and as it was, alike for everything that a bucket holds. */
import type { BlameResponse } from "../domain/blame.js";
import type { HistoryEntry } from "../domain/history.js";
import type { JsonValue } from "../domain/json.js";
import type { MemberKind } from "../domain/members.js";
import { memberDeleted } from "../domain/not-found.js";
import { type ResourceState, type StateOf, streamOf } from "../domain/resource.js";
import type {
  DiffQuery,
  HistoryQuery,
  HistoryResponse,
  PastPlace,
  PastReads,
  ReplayLine,
  ReplayRange,
} from "./interface.js";
import { type Asked, findAnyOwner, findOwner } from "./owners.js";
import type { ServiceParts } from "./parts.js";
import { asPoint, memberSubject, Past } from "./past.js";

/** A state, and the moment (milliseconds) that an answer about it is about. */
interface Read<State> {
  readonly state: State;
  readonly at: number;
  /** There for an answer about the past. */
  readonly past?: PastPlace;
}

export class MemberReads<Kind extends MemberKind> implements PastReads {
  readonly #parts: ServiceParts;
  readonly #kind: Kind;
  readonly #asked: Asked;

  constructor(parts: ServiceParts, kind: Kind, asked: Asked) {
    this.#parts = parts;
    this.#kind = kind;
    this.#asked = asked;
  }

  /** What there is, or with `asOf` was. @throws NOT_FOUND, also for what was deleted. */
  protected async read(identifier: string, asOf: string | undefined): Promise<Read<StateOf<Kind>>> {
    const asked = asPoint(asOf, "as_of");
    const past = await this.#past();
    const current = await past.find(identifier);
    if (asked === undefined) {
      await findOwner(this.#parts, this.#asked);
      return { state: existing(current), at: this.#parts.clock() };
    }
    const { place, at, isFinal } = await past.locate(current, asked);
    const state = existing(await past.stateAt(identifier, place.version));
    const { version: latestVersion }: ResourceState = current;
    return { state, at, past: { recordedAt: place.recordedAt, isFinal, latestVersion } };
  }

  async diff(identifier: string, query: DiffQuery = {}): Promise<JsonValue> {
    return await (await this.#past()).diff(identifier, query);
  }

  async blame(
    identifier: string,
    query: { readonly path?: string | undefined } = {},
  ): Promise<BlameResponse> {
    return await (await this.#past()).blame(identifier, query);
  }

  async history(identifier: string, query: HistoryQuery = {}): Promise<HistoryResponse> {
    return await (await this.#past()).history(identifier, query);
  }

  async entry(identifier: string, version: number): Promise<HistoryEntry> {
    return await (await this.#past()).entry(identifier, version);
  }

  async *replay(identifier: string, range: ReplayRange = {}): AsyncIterable<ReplayLine> {
    yield* (await this.#past()).replay(identifier, range);
  }

  /** What a deleted bucket held has a past all the same. */
  async #past(): Promise<Past<Kind>> {
    const { bucket_id: id } = await findAnyOwner(this.#parts, this.#asked);
    return new Past(this.#parts, memberSubject(this.#parts, this.#kind, id));
  }
}

/** @throws NOT_FOUND for one that was deleted; its history goes on. */
export function existing<State extends ResourceState>(state: State): State {
  const { kind, deleted, version } = state;
  if (deleted === undefined) return state;
  throw memberDeleted(kind, streamOf(state), { ...deleted, version });
}
