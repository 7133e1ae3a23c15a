/** Verifying and rebuilding the view in memory. */
import { jsonEqual } from "../../domain/json.js";
import type {
  ExpectedHead,
  Fault,
  OnProgress,
  RebuildReport,
  ReplayReport,
  VerifyReport,
} from "../../domain/reports.js";
import { type BlamedState, sameState } from "../../domain/resource.js";
import type { LogTree } from "../../eventstore/log-tree.js";
import type { EventStore } from "../../eventstore/store.js";
import type { KnownRoot } from "../../eventstore/tree-check.js";
import {
  foldInto,
  replay,
  sliceEvents,
  type VerifySource,
  verify,
} from "../../projections/verify.js";
import type { ProjectionKeeper } from "../../projections/view.js";
import { MemoryView } from "./view.js";

export class MemoryKeeper implements ProjectionKeeper {
  readonly #store: EventStore & { readonly tree: LogTree };
  readonly #view: MemoryView;

  constructor(store: EventStore & { readonly tree: LogTree }, view: MemoryView) {
    this.#store = store;
    this.#view = view;
  }

  async verify(
    expected: ExpectedHead | undefined,
    onProgress: OnProgress,
    root?: KnownRoot,
  ): Promise<VerifyReport> {
    return await verify(await this.#source(), expected, onProgress, root);
  }

  async replay(onProgress: OnProgress): Promise<ReplayReport> {
    return await replay(await this.#source(), onProgress);
  }

  async #source(): Promise<VerifySource> {
    // Both in the same turn, so that they are of the same moment.
    const live = new Map(this.#view.states());
    const head = await this.#store.head();
    const signed = await this.#store.tree.checkpoints();
    const checkpoints = signed.filter(({ size }) => size <= head.position);
    const folded = new MemoryView();
    return {
      head,
      folded,
      tree: { tiles: new Map(), checkpoints },
      logAfter: (position, limit) =>
        this.#store.readLog(position, Math.min(limit, head.position - position)),
      firstDifference: async () => differences(live, folded.states())[0],
      structure: async () => undefined,
      explain: () => undefined,
    };
  }

  async checkPages() {
    return { bytes: 0 };
  }

  async rebuild(onProgress: OnProgress): Promise<RebuildReport> {
    const folded = new MemoryView();
    const unreadable: Fault[] = [];
    // Writes go on meanwhile; no `await` falls between catching up and swapping.
    while (folded.position < this.#view.position) {
      const rows = await this.#store.readLog(folded.position, sliceEvents);
      unreadable.push(...foldInto(folded, rows));
      onProgress({ done: folded.position, total: this.#view.position });
    }
    const found = differences(this.#view.states(), folded.states());
    this.#view.swap(folded);
    return {
      replayed: folded.position,
      rows: folded.states().size,
      differences: found.length,
      ...(unreadable.length > 0 && { unreadable }),
    };
  }
}

/** What differs, by the position of the events that the view should show. */
function differences(
  live: ReadonlyMap<string, BlamedState>,
  folded: ReadonlyMap<string, BlamedState>,
): Fault[] {
  return [...new Set([...live.keys(), ...folded.keys()])]
    .filter((id) => !isSame(live.get(id), folded.get(id)))
    .map((id) => ({
      position: folded.get(id)?.state.position ?? 0,
      problem: `the view of ${id} is not the fold of its events`,
    }))
    .sort((a, b) => a.position - b.position);
}

function isSame(a: BlamedState | undefined, b: BlamedState | undefined): boolean {
  return sameState(a?.state, b?.state) && jsonEqual(a?.blame, b?.blame);
}
