/** What the upkeep of a store reports, whichever engine did it. */

/** How far a long piece of work has come. */
interface Progress {
  readonly done: number;
  readonly total: number;
}

export type OnProgress = (progress: Progress) => void;

export interface Fault {
  /** The first position at which the log is not what it should be. */
  readonly position: number;
  readonly problem: string;
}

/** A head that was noted elsewhere, such as in another system: what the log must still contain. */
export interface ExpectedHead {
  readonly position: number;
  readonly hash: string;
}

/** What a checkpoint that was kept elsewhere says: what the log must still contain. */
export interface ExpectedRoot {
  readonly size: number;
  /** As hex. */
  readonly root: string;
}

export interface VerifyReport {
  readonly ok: boolean;
  /** Events that were checked. */
  readonly events: number;
  readonly head: { readonly position: number; readonly hash: string };
  /** The root of the Merkle tree over those events, and how many checkpoints were held to it. */
  readonly tree: { readonly root: string; readonly checkpoints: number };
  /** The first fault, by its position in the log. */
  readonly fault?: Fault;
  /** The events that cannot be read or cannot have happened, if there are any. */
  readonly unreadable?: readonly Fault[];
  /** The contents that events refer to, once log and view are found in order. */
  readonly blobs?: VerifiedBlobs;
  /** The rows of the audit of reads, up to the first fault, once all else is found in order. */
  readonly reads?: { readonly checked: number };
  /** The rows that are no fold of the log, such as access tokens, by their MACs; up to the first fault. */
  readonly rows?: { readonly checked: number };
  /** What was not looked at, each with why. */
  readonly not_checked?: readonly string[];
}

/** Whether content is only there, or is hashed again and found to be what its name says. */
export const blobChecks = ["existence", "content"] as const;
export type BlobCheck = (typeof blobChecks)[number];

interface VerifiedBlobs {
  readonly check: BlobCheck;
  /** Up to the first fault. */
  readonly checked: number;
}

export interface ReplayReport {
  /** Events folded. */
  readonly replayed: number;
  readonly matches_view: boolean;
  /** The first difference, or the event that could not be folded. */
  readonly fault?: Fault;
  /** The events that cannot be read or cannot have happened, if there are any. */
  readonly unreadable?: readonly Fault[];
}

export interface RebuildReport {
  /** Events folded. */
  readonly replayed: number;
  /** Rows of the view after it. */
  readonly rows: number;
  /** Rows that differed from the live view, were missing in it, or too many; all are mended. */
  readonly differences: number;
  /** Events that were passed over, if there are any. */
  readonly unreadable?: readonly Fault[];
}

/** What came of collecting content that nothing refers to. */
export interface CollectReport {
  readonly kept: number;
  readonly removed: number;
  /** What writers left half written when their process died; removed as well. */
  readonly abandoned: number;
  readonly bytesFreed: number;
}
