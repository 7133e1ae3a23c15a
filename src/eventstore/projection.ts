/**
 * The port of the inline projection: what an engine runs inside the write transaction, so that
 * the view is never behind the log. `projections/` implements it, once for each engine.
 */
import type { BucketState } from "../domain/bucket/state.js";
import type { RecordedEvent } from "../domain/event.js";

/** An event with the states around it. */
export interface AppliedEvent {
  readonly recorded: RecordedEvent;
  readonly before: BucketState | undefined;
  readonly after: BucketState;
}

export interface InlineProjection {
  /** The current state of a stream. */
  loadState(stream: string): BucketState | undefined;
  /** The newest saved state of a stream at or before a version, to fold on from. */
  loadSnapshot(stream: string, version: number): BucketState | undefined;
  /** The stream that holds a reservation, such as a bucket's name in its namespace. */
  loadReservation(scope: string, key: string): string | undefined;
  /** Brings the read models up to the last of the events; runs inside the transaction. */
  apply(events: readonly AppliedEvent[]): void;
}
