import { expect, test } from "vitest";
import { completed, type KeptHashes, remembering } from "../../src/eventstore/log-tree.js";
import { inclusionProof, leafHash, tileWidth, treeRoot } from "../../src/eventstore/tree.js";

/** A log whose leaves are counted as they are read. */
function countedLog(size: number) {
  const leafAt = (index: number) => leafHash(Buffer.from(String(index)));
  const log = { size, reads: 0 };
  const kept: KeptHashes = {
    leaves: (from, count) => {
      log.reads += 1;
      const there = Math.max(0, Math.min(count, log.size - from));
      return Array.from({ length: there }, (_, index) => leafAt(from + index));
    },
    tiles: () => new Map(),
  };
  return { log, kept, hashes: completed(remembering(kept)) };
}

test("a proof reads the leaves of a tile once, and is the same", () => {
  const { log, kept, hashes } = countedLog(3 * tileWidth);
  const plain = completed(kept);
  for (const index of [0, 255, 256, 700]) {
    expect(inclusionProof(hashes, index, 700 + 1)).toEqual(inclusionProof(plain, index, 700 + 1));
  }
  log.reads = 0;
  inclusionProof(hashes, 300, 701);
  treeRoot(hashes, 701);
  expect(log.reads).toBe(0);
});

test("a tile that grew is read again", () => {
  const { log, kept, hashes } = countedLog(300);
  expect(treeRoot(hashes, 300)).toEqual(treeRoot(completed(kept), 300));
  log.size = 511;
  for (const size of [300, 301, 511]) {
    expect(treeRoot(hashes, size)).toEqual(treeRoot(completed(kept), size));
  }
});

test("the tiles of the last use are remembered, and no more", () => {
  const { log, hashes } = countedLog(65 * tileWidth);
  const firstOf = (tile: number) => hashes.at(0, tile * tileWidth, 1);
  for (let tile = 0; tile < 64; tile += 1) firstOf(tile);
  expect(log.reads).toBe(64);
  firstOf(0);
  firstOf(64);
  expect(log.reads).toBe(65);
  firstOf(0);
  expect(log.reads).toBe(65);
  firstOf(1);
  expect(log.reads).toBe(66);
});
