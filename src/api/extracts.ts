/** A moment of a store as a file for other tools. */
import type { OnProgress } from "../domain/reports.js";

export interface ExtractOptions {
  /** A position (`@1234`) or a time; the end of the log unless given. */
  readonly asOf?: string | undefined;
  /** Only what is of this one; all of them unless given. */
  readonly namespace?: string | undefined;
  /** Told how much of the log was read. */
  readonly onProgress?: OnProgress | undefined;
}

/** What was written, in rows of each table. */
export interface ExtractReport {
  readonly file: string;
  readonly log_id: string;
  /** The last event that is in it, with the hash that a checkpoint or `verify` holds it to. */
  readonly position: number;
  readonly hash: string;
  readonly buckets: number;
  readonly objects: number;
  readonly batches: number;
  readonly deliveries: number;
  readonly changes: number;
  /** Events that this version cannot read: each is named in a table of its own. */
  readonly unreadable: number;
}
