/** Runs the planner against an engine whose look-ups are synchronous, loading what it asks for. */
import { looksLikeBucketId } from "../domain/bucket/document.js";
import type { BucketState } from "../domain/bucket/state.js";
import { type IdempotencyRow, type Needs, type Plan, plan, reservationKey } from "./planner.js";
import type { Head, IdempotencyKey, Unit } from "./store.js";

export interface Loader {
  loadState(stream: string): BucketState | undefined;
  loadReservation(scope: string, key: string): string | undefined;
  loadIdempotency(key: IdempotencyKey): IdempotencyRow | undefined;
}

/** The plan for the units. The loader must read from the transaction that the plan is for. */
export function gatherAndPlan(
  loader: Loader,
  head: Head,
  now: number,
  units: readonly Unit[],
): Plan {
  const states = new Map<string, BucketState | undefined>();
  const reservations = new Map<string, string | undefined>();
  const idempotency = new Map<string, IdempotencyRow | undefined>();
  const load = (needs: Needs): void => {
    for (const stream of needs.states) states.set(stream, loader.loadState(stream));
    for (const [key, { scope, key: name }] of needs.reservations) {
      reservations.set(key, loader.loadReservation(scope, name));
    }
    for (const [key, asked] of needs.idempotency) {
      idempotency.set(key, loader.loadIdempotency(asked));
    }
  };
  load(namedBy(units));
  for (;;) {
    const planned = plan({ head, now, states, reservations, idempotency }, units);
    if (planned.kind === "planned") return planned.plan;
    load(planned.needs);
  }
}

/** What the units name outright, so that the first plan is usually the last. */
function namedBy(units: readonly Unit[]): Needs {
  const states = new Set<string>();
  const idempotency = new Map<string, IdempotencyKey>();
  for (const unit of units) {
    if (unit.idempotency !== undefined) {
      idempotency.set(reservationKey(unit.idempotency), unit.idempotency);
    }
    for (const { target } of unit.commands) {
      if (target.kind === "existing" && looksLikeBucketId(target.identifier)) {
        states.add(target.identifier.toLowerCase());
      }
    }
  }
  return { states, reservations: new Map(), idempotency };
}
