/** Runs the planner against an engine whose look-ups are synchronous, loading what it asks for. */
import type { BucketCommand } from "../domain/bucket/commands.js";
import { looksLikeBucketId } from "../domain/bucket/document.js";
import { nameScope, type Reservation } from "../domain/bucket/reservations.js";
import type { BucketState } from "../domain/bucket/state.js";
import { isJsonObject, type JsonObject, ownValue } from "../domain/json.js";
import { type IdempotencyRow, type Needs, type Plan, plan, reservationKey } from "./planner.js";
import type { Head, IdempotencyKey, TargetedCommand, Unit } from "./store.js";

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
      const holder = loader.loadReservation(scope, name);
      reservations.set(key, holder);
      if (holder !== undefined) states.set(holder, loader.loadState(holder));
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

/**
 * What the units name outright, so that the first plan is usually the last: a plan ends a unit at
 * the first thing that it lacks, and a long transaction would be planned again for each.
 */
function namedBy(units: readonly Unit[]): Needs {
  const states = new Set<string>();
  const reservations = new Map<string, Reservation>();
  const idempotency = new Map<string, IdempotencyKey>();
  for (const { namespace, commands, idempotency: asked } of units) {
    if (asked !== undefined) idempotency.set(reservationKey(asked), asked);
    for (const { target, command } of commands) {
      if (target.kind === "existing" && looksLikeBucketId(target.identifier)) {
        states.add(target.identifier.toLowerCase());
      }
      for (const name of [nameOfTarget(target), nameInCommand(command)]) {
        if (name === undefined) continue;
        const reservation = { scope: nameScope(namespace), key: name.normalize("NFC") };
        reservations.set(reservationKey(reservation), reservation);
      }
    }
  }
  return { states, reservations, idempotency };
}

function nameOfTarget(target: TargetedCommand["target"]): string | undefined {
  if (target.kind === "new" || looksLikeBucketId(target.identifier)) return undefined;
  return target.identifier;
}

/** The name that the bucket shall have. */
function nameInCommand(command: BucketCommand): string | undefined {
  const fields = command.type === "create_bucket" ? command.fields : patchedFields(command);
  const name = ownValue(fields, "bucket_name");
  return typeof name === "string" ? name : undefined;
}

function patchedFields(command: BucketCommand): JsonObject {
  return command.type === "patch_bucket" && isJsonObject(command.patch) ? command.patch : {};
}
