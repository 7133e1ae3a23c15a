/** What can be asked of the log itself. */
import type { Fork, KeyRotation, Truncation } from "./events.js";

interface TruncateLog {
  readonly type: "truncate_log";
  /** What is known of the end that is missing. */
  readonly truncation: Truncation;
}

interface ForkLog {
  readonly type: "fork_log";
  /** What was signed, and under which name the log goes on. */
  readonly fork: Fork;
}

interface RotateKey {
  readonly type: "rotate_key";
  readonly rotation: KeyRotation;
}

export type LogCommand = TruncateLog | ForkLog | RotateKey;
