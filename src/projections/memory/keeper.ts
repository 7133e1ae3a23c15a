/** Verifying and rebuilding the view in memory. */
import { type BucketState, evolve, sameState } from "../../domain/bucket/state.js";
import { decode } from "../../eventstore/codec.js";
import type { EventStore } from "../../eventstore/store.js";
import type { Fault } from "../../eventstore/verify.js";
import { verify } from "../verify.js";
import type {
  ExpectedHead,
  OnProgress,
  ProjectionKeeper,
  RebuildReport,
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
    const head = await this.#store.head();
    const live = new Map(this.#view.states());
    const folded = new MemoryView();
    const source = {
      head,
      folded,
      logAfter: (position: number, limit: number) =>
        this.#store.readLog(position, Math.min(limit, head.position - position)),
      firstDifference: () => differences(live, folded.states())[0],
    };
    return await verify(source, expected, onProgress);
  }

  async rebuild(onProgress: OnProgress): Promise<RebuildReport> {
    const folded = new MemoryView();
    const head = await this.#store.head();
    const rows = await this.#store.readLog(0, head.position);
    for (const row of rows) {
      const recorded = decode(row);
      const before = folded.loadState(recorded.stream);
      folded.apply([{ recorded, before, after: evolve(before, recorded) }]);
    }
    onProgress({ done: rows.length, total: rows.length });
    const found = differences(this.#view.states(), folded.states());
    this.#view.swap(folded);
    return { replayed: rows.length, rows: folded.states().size, differences: found.length };
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
      position: (folded.get(id) ?? live.get(id))?.position ?? 0,
      problem: `the view of ${id} is not the fold of its events`,
    }))
    .sort((a, b) => a.position - b.position);
}
