/**
 * The port of the inline projection: what an engine runs inside the write transaction, so that
 * the view is never behind the log. `projections/` implements it, once for each engine.
 */
import type { AppliedEvent, BlamedState } from "../domain/resource.js";

export interface InlineProjection {
  /** The current state of a stream. */
  loadState(stream: string): BlamedState | undefined;
  /** The newest saved state of a stream at or before a version, to fold on from. */
  loadSnapshot(stream: string, version: number): BlamedState | undefined;
  /** The stream that holds a reservation, such as a bucket's name in its namespace. */
  loadReservation(scope: string, key: string): string | undefined;
  /** Submitted and unfinished batches by their ids, those submitted first; at most so many. */
  loadOpenBatches(namespace: string, count: number): readonly string[];
  /** Brings the read models up to the last of the events; runs inside the transaction. */
  apply(events: readonly AppliedEvent[]): void;
}
