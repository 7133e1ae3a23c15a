/**
 * The port through which an engine keeps who its log is, the Merkle tree over it, and what it has
 * signed. The tree is a function of the log: rows of it that are not there are computed.
 */
import { perfectRoot, type TreeHashes, tileWidth } from "./tree.js";

export interface LogIdentity {
  /** `log_` and a ULID, made with the log. */
  readonly logId: string;
  /** Under what name it signs; undefined until it first does. */
  readonly origin: string | undefined;
  /** Milliseconds since the epoch. */
  readonly beganAt: number;
}

export interface SignedCheckpoint {
  readonly size: number;
  readonly root: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly signedAt: number;
  readonly note: string;
}

/** A place outside of this machine where a checkpoint was noted. */
export interface Anchor {
  readonly size: number;
  readonly kind: "file" | "command";
  readonly name: string;
  readonly at: number;
  readonly ok: boolean;
  readonly receipt: Uint8Array | null;
}

/** Every write is durable when its promise resolves. */
export interface LogTree {
  identity(): Promise<LogIdentity>;
  /** The name of this history from now on. */
  takeOrigin(origin: string): Promise<void>;
  /** Hashes of what is committed: a log only grows, so that any two answers fit together. */
  readonly hashes: TreeHashes;
  /** The chain hashes, which the leaves are made of, from an index on: all of them are there. */
  entries(from: number, count: number): Promise<readonly Uint8Array[]>;
  /** Keeps the roots of all full tiles of the first `size` events, in slices that let others through. */
  extend(size: number): Promise<void>;
  /** The newest checkpoint, or the one of exactly that size. */
  checkpoint(size?: number): Promise<SignedCheckpoint | undefined>;
  checkpoints(): Promise<readonly SignedCheckpoint[]>;
  /** By size, those signed from one time to before another that no anchor has noted, but never the newest. */
  unnoted(from: number, to: number): Promise<readonly Omit<SignedCheckpoint, "root" | "note">[]>;
  keepCheckpoint(checkpoint: SignedCheckpoint): Promise<void>;
  forgetCheckpoints(sizes: readonly number[]): Promise<void>;
  /** Of the checkpoint of that size. */
  anchors(size: number): Promise<readonly Anchor[]>;
  keepAnchor(anchor: Anchor): Promise<void>;
}

/** Where an engine has hashes: those of the leaves always, those of full tiles as far as it kept them. */
export interface KeptHashes {
  /** At most `count` hashes of a level, from an index on, up to the first that is not there. */
  at(level: number, from: number, count: number): readonly Uint8Array[];
}

/** All hashes, the missing ones computed from the level below. */
export function completed(kept: KeptHashes): TreeHashes {
  const at = (level: number, from: number, count: number): readonly Uint8Array[] => {
    const found = kept.at(level, from, count);
    if (level === 0) return found;
    const missing = Array.from({ length: count - found.length }, (_, index) =>
      perfectRoot(at(level - 1, (from + found.length + index) * tileWidth, tileWidth)),
    );
    return [...found, ...missing];
  };
  return { at };
}

/** Of how many tiles the hashes are remembered: 8 KiB each. */
const tilesRemembered = 64;

/**
 * The same, but the tiles that were read last are not read again: a proof asks for the leaves of one bit
 * by bit, and for those above each time. A log only grows, so that a hash once read stays what it is.
 */
export function remembering(kept: KeptHashes): KeptHashes {
  /** By level and tile, in the order of their last use. */
  const read = new Map<string, readonly Uint8Array[]>();
  const hashesOf = (level: number, tile: number, count: number): readonly Uint8Array[] => {
    const key = `${level}/${tile}`;
    const known = read.get(key) ?? [];
    // The last tile may have grown.
    const hashes = known.length >= count ? known : kept.at(level, tile * tileWidth, tileWidth);
    read.delete(key);
    read.set(key, hashes);
    const [oldest] = read.keys();
    if (read.size > tilesRemembered && oldest !== undefined) read.delete(oldest);
    return hashes;
  };
  return {
    at: (level, from, count) => {
      const tile = Math.floor(from / tileWidth);
      const end = (from % tileWidth) + count;
      // No proof asks for hashes of two.
      if (end > tileWidth) return kept.at(level, from, count);
      return hashesOf(level, tile, end).slice(from % tileWidth, end);
    },
  };
}

/** How many full tiles there are at a level over so many events. */
export function fullTiles(size: number, level: number): number {
  return Math.floor(size / tileWidth ** level);
}
