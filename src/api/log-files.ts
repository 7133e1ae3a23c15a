/** A store that is made of an exported log. */
import type { OnProgress } from "../domain/reports.js";

export interface ImportLogOptions {
  /** Keys that may have signed it, as `<name>+<id>+<base64>`; nobody's signature is checked without. */
  readonly keys?: readonly string[] | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface ImportLogReport {
  readonly file: string;
  readonly log_id: string;
  readonly origin: string;
  /** The end of the log, and its hash. */
  readonly position: number;
  readonly hash: string;
  /** Of the Merkle tree over its events, as the checkpoint of the file says. */
  readonly root: string;
  /** How many answers under idempotency keys came along. */
  readonly idempotency_keys: number;
  /** Events that this version cannot read; they are in the log, and passed over in the view. */
  readonly unreadable: number;
  /** Whether the signature of the checkpoint was checked with a key that you gave. */
  readonly is_trusted: boolean;
}
