/**
 * What it means when the machine fails under a store: a full disk, a medium that became read-only, too
 * few descriptors, a bad sector. None of it is a bug of ours or a fault of the caller.
 */
import { BucketsError } from "../domain/errors.js";
import { fails, type HealthCheck, type HealthCheckName, passes } from "../domain/health.js";
import { monotonicNow } from "../timers.js";

const full = ["ENOSPC", "EDQUOT", "EFBIG", "SQLITE_FULL"];

/** With the extended codes of SQLite that refine them. */
const failed = [
  "EROFS",
  "EACCES",
  "EPERM",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ENOTDIR",
  "EISDIR",
  "EEXIST",
  "ELOOP",
  "ESTALE",
  "ENODEV",
  "ENXIO",
  "EBUSY",
  "SQLITE_IOERR",
  "SQLITE_CANTOPEN",
  "SQLITE_CORRUPT",
  "SQLITE_NOTADB",
  "SQLITE_READONLY",
  "SQLITE_NOMEM",
  "SQLITE_BUSY",
  "SQLITE_LOCKED",
  "SQLITE_PROTOCOL",
];

/** How long a fault counts after it was met. */
const countsMs = 30_000;

/** An error of the machine as what callers are told; every other error as it is. */
export function explainFault(error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  if (isOneOf(code, full)) {
    return new BucketsError(
      "STORAGE_FULL",
      `The disk has no room (${code}): free some space and try again.`,
      {},
      error,
    );
  }
  if (!isOneOf(code, failed)) return error;
  return new BucketsError(
    "STORAGE_FAILED",
    `The storage of the server fails (${code}): try again, and have its operator look at /readyz.`,
    { retry_after_seconds: 1 },
    error,
  );
}

function codeOf(error: unknown): string | undefined {
  // Ours say what they mean, and what is not of the system has no call, and no name of SQLite's.
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return;
  return "syscall" in error || error.name === "SqliteError" ? error.code : undefined;
}

function isOneOf(code: string, codes: readonly string[]): boolean {
  return codes.some((one) => code === one || code.startsWith(`${one}_`));
}

type Part = Extract<HealthCheckName, "storage" | "blobs">;

/** Remembers for a while what failed, so that it is seen by whoever asks how the store is. */
export class StorageFaults {
  readonly #now: () => number;
  readonly #met = new Map<Part, { readonly says: string; readonly at: number }>();

  /** @param now milliseconds that never run backwards; for tests. */
  constructor(now: () => number = monotonicNow) {
    this.#now = now;
  }

  /** Explains what a part of the store throws. */
  of(part: Part): (error: unknown) => unknown {
    return (error) => {
      const explained = explainFault(error);
      if (explained !== error) this.#met.set(part, { says: textOf(error), at: this.#now() });
      return explained;
    };
  }

  /** @param probe tries what is tried most; unless it fails, what was met lately counts. */
  async checkWith(part: Part, probe: () => Promise<void>): Promise<HealthCheck> {
    try {
      await probe();
      return this.check(part);
    } catch (error) {
      return fails(part, `the ${part} cannot be used: ${textOf(error)}`);
    }
  }

  check(part: Part): HealthCheck {
    const met = this.#met.get(part);
    if (met === undefined || this.#now() - met.at > countsMs) return passes(part, "nothing failed");
    return fails(part, `the ${part} failed less than half a minute ago: ${met.says}`);
  }
}

/** The code and the call, without the path. */
function textOf(error: unknown): string {
  const code = codeOf(error) ?? "";
  const call = error instanceof Error && "syscall" in error ? ` in ${String(error.syscall)}` : "";
  return code + call;
}
