/** Who a log in memory is, its tree and its checkpoints: they live as long as the process. */
import {
  type Anchor,
  completed,
  type LogTree,
  type SignedCheckpoint,
} from "../../eventstore/log-tree.js";
import { leafHash, perfectRoot, tileWidth } from "../../eventstore/tree.js";

/** @param hashesAfter the chain hashes of the events after a position, at most so many. */
export function memoryLogTree(
  began: { readonly logId: string; readonly beganAt: number },
  hashesAfter: (position: number, count: number) => readonly Uint8Array[],
): LogTree {
  let origin: string | undefined;
  const tiles = new Map<string, Uint8Array>();
  const kept = new Map<number, SignedCheckpoint>();
  const anchors = new Map<string, Anchor>();
  const hashes = completed({
    at: (level, from, count) =>
      level === 0
        ? hashesAfter(from, count).map(leafHash)
        : Array.from({ length: count }, (_, index) => tile(level, from + index)),
  });
  /** A full tile never changes. */
  function tile(level: number, index: number): Uint8Array {
    const key = `${level}/${index}`;
    const known = tiles.get(key) ?? perfectRoot(hashes.at(level - 1, index * tileWidth, tileWidth));
    tiles.set(key, known);
    return known;
  }
  const bySize = () => [...kept.values()].sort((a, b) => a.size - b.size);
  return {
    hashes,
    identity: async () => ({ ...began, origin }),
    takeOrigin: async (name) => {
      origin = name;
    },
    entries: async (from, count) => hashesAfter(from, count),
    extend: async () => {},
    checkpoint: async (size) => (size === undefined ? bySize().at(-1) : kept.get(size)),
    checkpoints: async () => bySize(),
    unnoted: async (from, to) => {
      const noted = new Set([...anchors.values()].filter(({ ok }) => ok).map(({ size }) => size));
      return bySize()
        .slice(0, -1)
        .filter(({ size, signedAt }) => from <= signedAt && signedAt < to && !noted.has(size));
    },
    keepCheckpoint: async (checkpoint) => {
      kept.set(checkpoint.size, checkpoint);
    },
    forgetCheckpoints: async (sizes) => {
      for (const size of sizes) kept.delete(size);
    },
    anchors: async (size) => [...anchors.values()].filter((anchor) => anchor.size === size),
    keepAnchor: async (anchor) => {
      anchors.set(`${anchor.size}/${anchor.kind}/${anchor.name}`, anchor);
    },
  };
}
