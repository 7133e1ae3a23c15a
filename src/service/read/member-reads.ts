/** Reading what is in a bucket, now and as it was, alike for everything that a bucket holds. */

import type { PastPlace } from "../../api/index.js";
import { memberDeleted } from "../../domain/not-found.js";
import {
  type MemberKind,
  type ResourceState,
  type StateOf,
  streamOf,
} from "../../domain/resource.js";
import type { ServiceParts } from "../parts.js";
import { type Asked, findAnyOwner, findOwner } from "./owners.js";
import { PastReading } from "./past-reads.js";
import { asPoint, memberSubject, Past } from "./stream-past.js";

/** A state, and the moment (milliseconds) that an answer about it is about. */
interface Read<State> {
  readonly state: State;
  readonly at: number;
  /** There for an answer about the past. */
  readonly past?: PastPlace;
}

export class MemberReads<Kind extends MemberKind> extends PastReading<Kind> {
  readonly #parts: ServiceParts;
  readonly #kind: Kind;
  readonly #asked: Asked;

  constructor(parts: ServiceParts, kind: Kind, asked: Asked) {
    super();
    this.#parts = parts;
    this.#kind = kind;
    this.#asked = asked;
  }

  /** What there is, or with `asOf` was. @throws NOT_FOUND, also for what was deleted. */
  protected async read(identifier: string, asOf: string | undefined): Promise<Read<StateOf<Kind>>> {
    const asked = asPoint(asOf, "as_of");
    const past = await this.past();
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

  /** What a deleted bucket held has a past all the same. */
  protected async past(): Promise<Past<Kind>> {
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
