/** Reading the past of one resource. */
import { z } from "zod";
import type { BlameResponse } from "../domain/blame.js";
import type { DiffFormat } from "../domain/diff-formats.js";
import { UnreadableEvent } from "../domain/history.js";
import { HistoryEntry } from "../domain/history-entry.js";
import type { JsonObject, JsonValue } from "../domain/json.js";
import { jsonObject } from "../domain/schemas.js";
import type { EventProofOptions } from "./proofs.js";

/** Where an answer about the past stands. */
export interface PastPlace {
  /** When its newest event was recorded, milliseconds. */
  readonly recordedAt: number;
  /** Whether the answer can never change again. */
  readonly isFinal: boolean;
  /** The version that the resource has come to by now. */
  readonly latestVersion: number;
}

export interface HistoryQuery {
  readonly order?: "asc" | "desc" | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  /** A version, `@position` or RFC 3339 time, inclusive, as `to`. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Such as `bucket.patched`. */
  readonly type?: string | undefined;
  readonly actor?: string | undefined;
  /** A JSON Pointer: events that changed something at it, below it, or above it. */
  readonly path?: string | undefined;
}

export interface DiffQuery {
  /** A version, `@position` or RFC 3339 time; the version before `to` unless given. */
  readonly from?: string | undefined;
  /** The same forms; now unless given. */
  readonly to?: string | undefined;
  readonly format?: DiffFormat | undefined;
}

export interface BlameQuery {
  /** A JSON Pointer: only what lies at it or below it. */
  readonly path?: string | undefined;
  /** A version, `@position` or RFC 3339 time; now unless given. */
  readonly asOf?: string | undefined;
}

export const HistoryResponse = z.object({
  results: z.array(HistoryEntry),
  pagination: z.object({ next_cursor: z.string().optional() }),
  /** Events of the page that were passed over, whatever was asked for, if there are any. */
  unreadable: z.array(UnreadableEvent).optional(),
});
export type HistoryResponse = Omit<z.infer<typeof HistoryResponse>, "results"> & {
  results: HistoryEntry[];
};

export interface ReplayRange {
  /** A version, `@position` or RFC 3339 time; the creation unless given. */
  readonly from?: string | undefined;
  /** The same forms; now unless given. */
  readonly to?: string | undefined;
}

/** One event and the document after it, folded from the log; then how it ended. */
export const ReplayLine = z.union([
  z.object({ event: HistoryEntry, document: jsonObject }),
  z.object({ unreadable: UnreadableEvent }),
  z.object({ replayed: z.number().int(), version: z.number().int(), matches_view: z.boolean() }),
]);
export type ReplayLine =
  | { readonly event: HistoryEntry; readonly document: JsonObject }
  | Exclude<z.infer<typeof ReplayLine>, { readonly event: unknown }>;

/** Reading the past of resources of one kind; each is named by what identifies it. */
export interface PastReads {
  /** What changed between two points; applying a patch to the first state gives the second. */
  diff(identifier: string, query?: DiffQuery): Promise<JsonValue>;
  /**
   * The event that last set each leaf, by JSON Pointer, now or as of a point in the past.
   * @throws NOT_FOUND when the history has nothing at that point.
   */
  blame(identifier: string, query?: BlameQuery): Promise<BlameResponse>;
  /** Its events, newest first unless asked otherwise. */
  history(identifier: string, query?: HistoryQuery): Promise<HistoryResponse>;
  /** The event with that version. @throws NOT_FOUND beyond the head. */
  entry(identifier: string, version: number): Promise<HistoryEntry>;
  /**
   * The proof that the event with that version is in the log, as a file that needs the log's key alone
   * to be checked (C2SP tlog-proof).
   * @throws NOT_FOUND beyond the head, and when no checkpoint holds the event.
   */
  proof(identifier: string, version: number, options?: EventProofOptions): Promise<string>;
  /** Reads the recorded events again and folds them; commands are never run again. */
  replay(identifier: string, range?: ReplayRange): AsyncIterable<ReplayLine>;
}
