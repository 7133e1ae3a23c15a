/** Runs the planner against an engine whose look-ups are synchronous, loading what it asks for. */
import { looksLikeBucketId } from "../domain/bucket/document.js";
import { nameScope, type Reservation } from "../domain/bucket/reservations.js";
import { isJsonObject, type JsonObject, ownValue } from "../domain/json.js";
import type { ResourceCommand, ResourceState } from "../domain/resource.js";
import { type IdempotencyRow, type Needs, type Plan, plan, reservationKey } from "./planner.js";
import type { Head, IdempotencyKey, Target, Unit } from "./store.js";

export interface Loader {
  loadState(stream: string): ResourceState | undefined;
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
  const states = new Map<string, ResourceState | undefined>();
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
      const bucket = bucketOf(target);
      if (bucket !== undefined && looksLikeBucketId(bucket)) states.add(bucket.toLowerCase());
      if (target.kind === "member" || target.kind === "connection") states.add(target.id);
      for (const name of [bucket, nameInCommand(command)]) {
        if (name === undefined || looksLikeBucketId(name)) continue;
        const reservation = { scope: nameScope(namespace), key: name.normalize("NFC") };
        reservations.set(reservationKey(reservation), reservation);
      }
    }
  }
  return { states, reservations, idempotency };
}

/** The bucket that is named, by its id or name. */
function bucketOf(target: Target): string | undefined {
  switch (target.kind) {
    case "new":
    case "connection":
      return undefined;
    case "existing":
      return target.identifier;
    case "new_member":
    case "member":
      return target.bucket;
  }
}

/** The name that the bucket shall have. */
function nameInCommand(command: ResourceCommand): string | undefined {
  const fields = command.type === "create_bucket" ? command.fields : patchedFields(command);
  const name = ownValue(fields, "bucket_name");
  return typeof name === "string" ? name : undefined;
}

function patchedFields(command: ResourceCommand): JsonObject {
  return command.type === "patch_bucket" && isJsonObject(command.patch) ? command.patch : {};
}
