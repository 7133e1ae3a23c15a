/**
 * What a bucket keeps for itself so that nobody else can have it: its name in its
 * namespace, until it is deleted.
 */
import type { Reservation } from "../reservation.js";
import { type BucketState, nameOf } from "./state.js";

export function nameScope(namespace: string): string {
  return `bucket_name:${namespace}`;
}

export function bucketReservations(state: BucketState): readonly Reservation[] {
  if (state.deleted !== undefined) return [];
  return [{ scope: nameScope(state.namespace), key: nameOf(state) }];
}
