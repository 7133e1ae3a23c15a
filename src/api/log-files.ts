/** A store that is made of an exported log. */
import type { OnProgress } from "../domain/reports.js";

export interface ImportLogOptions {
  /** Keys that may have signed it, as `<name>+<id>+<base64>`; nobody's signature is checked without. */
  readonly keys?: readonly string[] | undefined;
  /** The last position that is written; all is checked, and written unless given. */
  readonly upTo?: number | undefined;
  /** The folder that has the bytes of its blobs, by their hashes: those that it speaks of are copied. */
  readonly blobs?: string | undefined;
  /** Has the copy close windows and hand out batches; else it does so once it is opened with `resumeTimers`. */
  readonly resumeTimers?: boolean | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface ExportLogOptions {
  /** A folder to copy the bytes of its blobs to; what is there already stays. */
  readonly blobs?: string | undefined;
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
  /** Those that were brought, where a folder was named. */
  readonly blobs?: { readonly count: number; readonly bytes: number };
  /** Whether the signature of the checkpoint was checked with a key that you gave. */
  readonly is_trusted: boolean;
}
