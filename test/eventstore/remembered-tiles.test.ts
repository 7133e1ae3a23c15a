import { expect, test } from "vitest";
import {
  completed,
  fullTiles,
  type KeptHashes,
  remembering,
} from "../../src/eventstore/log-tree.js";
import {
  inclusionProof,
  leafHash,
  perfectRoot,
  tileWidth,
  treeRoot,
} from "../../src/eventstore/tree.js";

/** A log whose tiles are kept up to a size, and whose hashes are counted as they are read. */
function countedLog(size: number) {
  const log = { size, kept: size, reads: 0 };
  const some = (count: number, hashAt: (index: number) => Uint8Array) =>
    Array.from({ length: Math.max(0, count) }, (_, index) => hashAt(index));
  const leafAt = (index: number) => leafHash(Buffer.from(String(index)));
  const hashAt = (level: number, index: number): Uint8Array =>
    level === 0
      ? leafAt(index)
      : perfectRoot(some(tileWidth, (below) => hashAt(level - 1, index * tileWidth + below)));
  const kept: KeptHashes = {
    at: (level, from, count) => {
      log.reads += 1;
      const there = level === 0 ? log.size : fullTiles(log.kept, level);
      return some(Math.min(count, there - from), (index) => hashAt(level, from + index));
    },
  };
  return { log, kept, hashes: completed(remembering(kept)) };
}

test("a proof reads the hashes of a tile once, and is the same", () => {
  const { log, kept, hashes } = countedLog(3 * tileWidth);
  const plain = completed(kept);
  for (const index of [0, 255, 256, 700]) {
    expect(inclusionProof(hashes, index, 701)).toEqual(inclusionProof(plain, index, 701));
  }
  log.reads = 0;
  inclusionProof(hashes, 300, 701);
  treeRoot(hashes, 701);
  expect(log.reads).toBe(0);
});

test("a tile that grew is read again, and one that is not kept yet is computed", () => {
  const { log, hashes } = countedLog(300);
  expect(treeRoot(hashes, 300)).toEqual(treeRoot(countedLog(300).hashes, 300));
  for (const size of [511, 1_000]) {
    log.size = size;
    const grown = treeRoot(countedLog(size).hashes, size);
    expect(treeRoot(hashes, size)).toEqual(grown);
    log.kept = size;
    expect(treeRoot(hashes, size)).toEqual(grown);
  }
});

test("the tiles of the last use are remembered, those above as well, and no more", () => {
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
  hashes.at(1, 0, 1);
  hashes.at(1, 0, 64);
  expect(log.reads).toBe(67);
});
