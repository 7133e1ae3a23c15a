/** Verifying and rebuilding the view in memory. */
import { type BucketState, sameState } from "../../domain/bucket/state.js";
import type { EventStore } from "../../eventstore/store.js";
import type { Fault } from "../../eventstore/verify.js";
import { foldInto, replay, sliceEvents, type VerifySource, verify } from "../verify.js";
import type {
  ExpectedHead,
  OnProgress,
  ProjectionKeeper,
  RebuildReport,
  ReplayReport,
  VerifyReport,
} from "../view.js";
import { MemoryView } from "./view.js";

export class MemoryKeeper implements ProjectionKeeper {
  readonly #store: EventStore;
  readonly #view: MemoryView;

  constructor(store: EventStore, view: MemoryView) {
    this.#store = store;
    this.#view = view;
  }

  async verify(expected: ExpectedHead | undefined, onProgress: OnProgress): Promise<VerifyReport> {
    return await verify(await this.#source(), expected, onProgress);
  }

  async replay(onProgress: OnProgress): Promise<ReplayReport> {
    return await replay(await this.#source(), onProgress);
  }

  async #source(): Promise<VerifySource> {
    // Both in the same turn, so that they are of the same moment.
    const live = new Map(this.#view.states());
    const head = await this.#store.head();
    const folded = new MemoryView();
    return {
      head,
      folded,
      logAfter: (position, limit) =>
        this.#store.readLog(position, Math.min(limit, head.position - position)),
      firstDifference: async () => differences(live, folded.states())[0],
    };
  }

  async rebuild(onProgress: OnProgress): Promise<RebuildReport> {
    const folded = new MemoryView();
    // Writes go on meanwhile; no `await` falls between catching up and swapping.
    while (folded.position < this.#view.position) {
      const rows = await this.#store.readLog(folded.position, sliceEvents);
      foldInto(folded, rows);
      onProgress({ done: folded.position, total: this.#view.position });
    }
    const found = differences(this.#view.states(), folded.states());
    this.#view.swap(folded);
    return { replayed: folded.position, rows: folded.states().size, differences: found.length };
  }
}

/** What differs, by the position of the events that the view should show. */
function differences(
  live: ReadonlyMap<string, BucketState>,
  folded: ReadonlyMap<string, BucketState>,
): Fault[] {
  return [...new Set([...live.keys(), ...folded.keys()])]
    .filter((id) => !sameState(live.get(id), folded.get(id)))
    .map((id) => ({
      position: folded.get(id)?.position ?? 0,
      problem: `the view of ${id} is not the fold of its events`,
    }))
    .sort((a, b) => a.position - b.position);
}
