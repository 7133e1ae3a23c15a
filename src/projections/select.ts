/**
 * The plain meaning of a list: of these states, those that are selected, in order, a page of them.
 * The view in memory is made of it, and every list of the past.
 */
import { compileSelection, positionOf } from "../domain/bucket/list.js";
import type { BucketState } from "../domain/bucket/state.js";
import { emptyStats } from "../domain/bucket/stats.js";
import { comparePositions } from "../domain/filter/order.js";
import { type BucketPage, type ListQuery, totalsOf } from "./view.js";

/** Of buckets that were deleted by then nothing is shown. */
export function selectPage(
  states: readonly BucketState[],
  { selection, limit, offset, after }: Omit<ListQuery, "namespace">,
): BucketPage {
  const isSelected = selection === undefined ? undefined : compileSelection(selection);
  const direction = selection?.criteria.sort?.direction;
  const places = states
    .filter((state) => state.deleted === undefined)
    .filter((state) => isSelected?.(state, emptyStats) ?? true)
    .map((state) => ({ state, position: positionOf(state, emptyStats, selection) }))
    .sort((a, b) => comparePositions(a.position, b.position, direction));
  const rest =
    after === undefined
      ? places.slice(offset)
      : places.filter(({ position }) => comparePositions(position, after, direction) > 0);
  return {
    states: rest.slice(0, limit).map(({ state }) => state),
    totalCount: places.length,
    totals: totalsOf(places.length),
  };
}
