/** A store that is made of a backup. */
import type { BackupProgress } from "./backups.js";

export interface RestoreOptions {
  /** Only what was there by then: a position (`@1234`) or a time. All of the backup unless given. */
  readonly at?: string | undefined;
  /** Keys that may have signed the backup, as `<name>+<id>+<base64>`; that beside the file unless given. */
  readonly keys?: readonly string[] | undefined;
  /** The register of erasures, by its path; that beside the file unless given. */
  readonly erasures?: string | undefined;
  /** Has the copy close windows and hand out batches; else it does so once it is opened with `resumeTimers`. */
  readonly resumeTimers?: boolean | undefined;
  /** Opens the keys that were sealed in it. */
  readonly passphrase?: string | undefined;
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}

export interface RestoreReport {
  readonly file: string;
  readonly log_id: string;
  /** The end of the log that was restored, and its hash. */
  readonly position: number;
  readonly hash: string;
  readonly taken_at: string;
  readonly blobs: { readonly count: number; readonly bytes: number };
  /** Who signed the backup, and whether that key came another way than with it. */
  readonly signed_by: string;
  readonly is_trusted: boolean;
  /** `restored` beside the file; `sealed` in the backup, without their passphrase; `excluded` from it. */
  readonly keys: "restored" | "sealed" | "excluded";
  /** Secrets of states as they were then, which nobody has any more. */
  readonly lost_secrets: number;
}
