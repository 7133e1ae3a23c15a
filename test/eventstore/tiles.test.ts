/** The example sizes of C2SP tlog-tiles, on the tree as an engine keeps it. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { memoryLogTree } from "../../src/engines/memory/log-tree.js";
import { fullTiles } from "../../src/eventstore/log-tree.js";
import {
  GrowingTree,
  leafHash,
  perfectRoot,
  tileWidth,
  treeRoot,
} from "../../src/eventstore/tree.js";

/** Full tiles of a level, and the width of the partial one. */
function shapeOf(size: number, level: number) {
  const hashes = fullTiles(size, level);
  return [Math.floor(hashes / tileWidth), hashes % tileWidth];
}

test("a tree of 70,000 is 273 full tiles and one of 112, one full above with one of 17, and one of 1", () => {
  expect([0, 1, 2, 3].map((level) => shapeOf(70_000, level))).toEqual([
    [273, 112],
    [1, 17],
    [0, 1],
    [0, 0],
  ]);
});

test("a tree of 256 is one full tile, and one of 1 above", () => {
  expect([0, 1, 2].map((level) => shapeOf(256, level))).toEqual([
    [1, 0],
    [0, 1],
    [0, 0],
  ]);
});

test("the hashes of each tile above are the roots of full tiles below, up to the root of all", () => {
  const size = 70_000;
  const hashes = Array.from({ length: size }, (_, n) =>
    createHash("sha256").update(String(n)).digest(),
  );
  const tree = memoryLogTree({ logId: "log_1", beganAt: 0 }, (position, count) =>
    hashes.slice(position, position + count),
  ).hashes;
  const leaves = hashes.map(leafHash);
  const level1 = Array.from({ length: 273 }, (_, at) =>
    perfectRoot(leaves.slice(at * tileWidth, (at + 1) * tileWidth)),
  );
  expect(tree.at(1, 0, 273).map(Buffer.from)).toEqual(level1.map(Buffer.from));
  expect(Buffer.from(tree.at(2, 0, 1)[0] ?? [])).toEqual(
    Buffer.from(perfectRoot(level1.slice(0, tileWidth))),
  );
  const growing = new GrowingTree();
  for (const leaf of leaves) growing.add(leaf);
  expect(Buffer.from(treeRoot(tree, size))).toEqual(Buffer.from(growing.root()));
});
