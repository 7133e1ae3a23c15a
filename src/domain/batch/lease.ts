/**
 * Leases: a worker holds a batch until its lease expires. A lease lapses by itself and gives the
 * batch back; no event says so, because the claim or the last report already did.
 */
import type { BatchState } from "./state.js";
import { type BatchStatus, phaseOf } from "./status.js";

/** True when a lease is recorded and no longer holds at the time (milliseconds). */
export function isLeaseLapsed({ lease }: BatchState, time: number): boolean {
  return lease !== undefined && Date.parse(lease.expires_at) <= time;
}

/** The status at the time: a batch whose lease ran out waits again. */
export function statusAt(state: BatchState, time: number): BatchStatus {
  return isLeaseLapsed(state, time) ? "PENDING" : state.status;
}

/** True when a worker may take it. */
export function isClaimable(state: BatchState, time: number): boolean {
  return state.deleted === undefined && phaseOf(statusAt(state, time)) === "waiting";
}

/** Submitted and unfinished, whoever works on it: claimable now, or once a lease has run out. */
export function isOpen(state: BatchState): boolean {
  const phase = phaseOf(state.status);
  return state.deleted === undefined && (phase === "waiting" || phase === "working");
}
