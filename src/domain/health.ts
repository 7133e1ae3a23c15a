/**
 * How a store is: one model for `/readyz`, `doctor`, the metrics and the page. A check that only warns
 * leaves the store ready.
 */
import { z } from "zod";

export const durabilities = ["full", "relaxed", "none"] as const;
export type Durability = (typeof durabilities)[number];

export type HealthCheckName =
  /** Whether writes are taken at all. */
  | "writer"
  /** Whether the paths lead to what is open: database, WAL, lock, blobs, key. */
  | "files"
  | "disk"
  /** Whether what was asked of the database lately, and of the bytes of blobs, could be done. */
  | "storage"
  | "blobs"
  /** Whether the secrets of source adapters can be opened. */
  | "key"
  /** Whether the WAL is copied into the database, and the end of the log noted beside it. */
  | "checkpoint"
  /** Whether what was read of the log is what was written. */
  | "log"
  /** Whether the log contains what it has signed. */
  | "proofs"
  /** How far going through all of it is, and what that found. */
  | "scrub"
  /** Whether the newest event was recorded by the clock of now, and not ahead of it. */
  | "clock"
  /** Whether windows are closed and batches handed out, which a copy does not do by itself. */
  | "timers"
  /** Whether the backups of the schedule are taken. */
  | "backup";

/** One part of it, in the words of RFC draft health+json. */
export const HealthCheck = z.object({
  /** One of those above; a newer server may have others. */
  name: z.string(),
  status: z.enum(["pass", "warn", "fail"]),
  /** For whoever has to do something about it. Names files without their folders. */
  says: z.string(),
});
export type HealthCheck = Readonly<z.infer<typeof HealthCheck>>;

/** What a store takes of its disk, and what is left. */
export interface StorageSizes {
  readonly databaseBytes: number;
  readonly walBytes: number;
  /** Of blobs; undefined until they were counted. */
  readonly blobBytes?: number | undefined;
  readonly freeBytes: number;
}

export type Health = {
  readonly durability: Durability;
  readonly checks: readonly HealthCheck[];
  /** Of what is kept in a file. */
  readonly sizes?: StorageSizes | undefined;
} & (
  | { readonly ready: true }
  /** What keeps it from being ready. */
  | { readonly ready: false; readonly reason: string }
);

/** Ready unless a check fails; the first that does is the reason. */
export function healthOf(
  durability: Durability,
  checks: readonly HealthCheck[],
  sizes?: StorageSizes,
): Health {
  const failed = checks.find(({ status }) => status === "fail");
  const told = { durability, checks, ...(sizes !== undefined && { sizes }) };
  if (failed === undefined) return { ready: true, ...told };
  return { ready: false, reason: failed.says, ...told };
}

export const passes = (name: HealthCheckName, says: string): HealthCheck => ({
  name,
  status: "pass",
  says,
});
export const warns = (name: HealthCheckName, says: string): HealthCheck => ({
  name,
  status: "warn",
  says,
});
export const fails = (name: HealthCheckName, says: string): HealthCheck => ({
  name,
  status: "fail",
  says,
});
