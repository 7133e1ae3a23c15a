/** Proofs of the log: what it has signed, and that an event or an earlier log is in it. */
import { z } from "zod";
import { disclosable } from "../domain/disclosable.js";
import type { KeyRotation } from "../domain/log/events.js";
import { LogDocument } from "../domain/log/kind.js";
import { answeredTime } from "../domain/schemas.js";

/** SHA-256 as lower-case hex. */
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int();

/** The head of a log, signed (C2SP tlog-checkpoint). */
export const CheckpointAnswer = z.object({
  origin: z.string(),
  size: count,
  root: digest,
  signed_at: answeredTime,
  note: z.string().meta({ description: "The signed note itself, with all of its signatures." }),
  cosigned_by: z
    .array(z.string())
    .meta({ description: "The names of others whose signatures the note carries." }),
});
export type CheckpointAnswer = Readonly<z.infer<typeof CheckpointAnswer>>;

/** That an event is in the first `size` events (RFC 6962, section 2.1.1). */
export const InclusionAnswer = z.object({
  position: count,
  index: count,
  size: count,
  leaf: digest,
  root: digest,
  hashes: z.array(digest),
  checkpoint: z
    .string()
    .exactOptional()
    .meta({ description: "The note that signs the root; absent when that size was not signed." }),
});
export type InclusionAnswer = Readonly<z.infer<typeof InclusionAnswer>>;

/** That the first `from` events are the beginning of the first `to` (RFC 6962, section 2.1.2). */
export const ConsistencyAnswer = z.object({
  from: count,
  to: count,
  from_root: digest,
  to_root: digest,
  hashes: z.array(digest),
});
export type ConsistencyAnswer = Readonly<z.infer<typeof ConsistencyAnswer>>;

export { disclosable };

export interface EventProofOptions {
  /** Nothing but the header unless given. The meta tells who, why and from where. */
  readonly disclose?: readonly (typeof disclosable)[number][] | undefined;
  /** Whether it proves as well that the event before is the one it was chained to. */
  readonly withPrevious?: boolean | undefined;
  /** The size of a checkpoint that holds the event; the newest one unless given. */
  readonly size?: number | undefined;
}

/** Where checkpoints are noted outside of the store. */
export interface AnchorPlaces {
  /** A file on another disk: each note is appended to it, and synced. */
  readonly file?: string | undefined;
  /** A program that has the note as its standard input, and prints a receipt. */
  readonly command?: string | undefined;
}

/** What became of noting a checkpoint in one place. */
export interface AnchorResult {
  readonly kind: "file" | "command";
  readonly name: string;
  readonly ok: boolean;
  /** Why it is not noted there. */
  readonly problem?: string;
}

export interface AnchorReport {
  readonly checkpoint: CheckpointAnswer;
  /** Those places that had not noted it before. */
  readonly anchors: readonly AnchorResult[];
}

export interface ForkOptions {
  /** Why, kept with the event that says so. */
  readonly reason: string;
}

/** How a log goes on that does not contain what it has signed. */
export interface ForkReport {
  /** The name of the history that is given up. */
  readonly origin_before: string;
  /** What notes of the new name are checked with. */
  readonly key: string;
  /** The first one of the new name. */
  readonly checkpoint: CheckpointAnswer;
}

/** Consecutive hashes of the tree at one level (C2SP tlog-tiles). */
export interface TilePlace {
  /** Level 0 has the leaf hashes; each above it, the roots of full tiles of the one below. */
  readonly level: number;
  /** Which tile of the level, from 0 on. */
  readonly index: number;
  /** How many hashes, from 1 to 256. */
  readonly width: number;
}

export interface RotateOptions {
  /** How long the old key signs along, in milliseconds; 30 days unless given. */
  readonly overlapMs?: number | undefined;
  /** Somebody else may have the old key, or it is lost: it signs nothing more, and vouches for nothing. */
  readonly isCompromised?: boolean | undefined;
  /** Why, kept with the event that says so. */
  readonly reason?: string | undefined;
}

/** A log that signs with another key from now on. */
export interface RotationReport extends KeyRotation {
  /** The first one by the new key. */
  readonly checkpoint: CheckpointAnswer;
  /** The event that says so, as a file that the old key checks too while it signs along. */
  readonly proof: string;
}

/** What happened to the log as a whole, each the oldest first. */
export const LogAnswer = LogDocument.extend({
  log_id: z.string(),
  origin: z.string().meta({ description: "The name that it signs under." }),
});
export type LogAnswer = Readonly<z.infer<typeof LogAnswer>>;

export interface Proofs {
  /**
   * The newest checkpoint, or the one of exactly that size.
   * @throws NOT_FOUND before the first, and for a size that was not signed.
   */
  checkpoint(options?: { readonly size?: number | undefined }): Promise<CheckpointAnswer>;
  /**
   * Signs the log as it is now; of one that has not grown since, the newest checkpoint.
   * @throws FORKED when it does not contain what it has signed before; READ_ONLY
   */
  sign(): Promise<CheckpointAnswer>;
  /**
   * @param where of the newest checkpoint that holds the position unless a size is given; where there
   * is none, of the log as it is now.
   * @throws BAD_REQUEST for what is no position, or one beyond the size; NOT_FOUND beyond the head.
   */
  inclusion(where: {
    readonly position: number;
    readonly size?: number | undefined;
  }): Promise<InclusionAnswer>;
  /** What happened to the log as a whole: ends that were given up, names and keys that changed. */
  log(): Promise<LogAnswer>;
  /** @throws BAD_REQUEST when `from` is beyond `to`; NOT_FOUND beyond the head. */
  consistency(between: { readonly from: number; readonly to: number }): Promise<ConsistencyAnswer>;
}

/** Of a store in this process. */
export interface ServedProofs extends Proofs {
  /**
   * The proof of the event at a position, as a file (C2SP tlog-proof).
   * @throws BAD_REQUEST for what is no position; NOT_FOUND when no checkpoint holds it.
   */
  event(position: number, options?: EventProofOptions): Promise<string>;
  /**
   * The hashes of a tile, one after the other.
   * @throws NOT_FOUND beyond the newest checkpoint.
   */
  tile(place: TilePlace): Promise<Uint8Array>;
  /**
   * What the leaves of that tile are made of, each behind its length of two bytes: the chain hashes,
   * and nothing of what they commit to.
   * @throws NOT_FOUND beyond the newest checkpoint.
   */
  tileEntries(place: Omit<TilePlace, "level">): Promise<Uint8Array>;
}
