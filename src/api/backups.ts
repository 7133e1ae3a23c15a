/** Copies of a whole store that can be shown to be whole, and put in its place. */
import { z } from "zod";
import { answeredTime } from "../domain/schemas.js";

const count = z.number().int();

/** What was copied. */
export const BackupReport = z.object({
  path: z.string().meta({ description: "The folder." }),
  log_id: z.string(),
  position: count.meta({ description: "The last event that is in it." }),
  hash: z.string(),
  root: z.string().meta({ description: "Of the Merkle tree over its events." }),
  taken_at: answeredTime,
  bytes: count.meta({ description: "Of the database." }),
  blobs: z.object({ count, bytes: count }),
  keys: z.enum(["excluded", "sealed"]),
  wal_bytes: count.meta({
    description: "How large the log of writes beside the database became meanwhile.",
  }),
  milliseconds: count,
});
export type BackupReport = Readonly<z.infer<typeof BackupReport>>;

/** What a backup is at: the copy of the database in bytes, blobs by their number, events. */
export const BackupProgress = z.object({
  step: z.enum(["database", "blobs", "verify"]),
  done: z.number(),
  total: z.number(),
});
export type BackupProgress = Readonly<z.infer<typeof BackupProgress>>;

export interface BackupOptions {
  /** Take the place of an earlier backup of the same log there, whose blobs are not copied again. */
  readonly update?: boolean | undefined;
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}

/** What only a process that holds the file can ask for. */
export interface OwnBackupOptions extends BackupOptions {
  /** The folder of an earlier backup, whose blobs are linked and not copied again. */
  readonly since?: string | undefined;
  /** Hard links in the place of copies of blobs: no room is needed, and no second copy is there. */
  readonly link?: boolean | undefined;
  /** Fold and check the copy before it is taken for one; true unless given. */
  readonly verify?: boolean | undefined;
  /** Put the keys of secrets and signatures into it, sealed under that. Without, there are none. */
  readonly passphrase?: string | undefined;
}
