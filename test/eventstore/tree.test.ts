import { hash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  consistencyProof,
  GrowingTree,
  inclusionProof,
  leafHash,
  nodeHash,
  perfectRoot,
  type TreeHashes,
  tileWidth,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from "../../src/eventstore/tree.js";
import { seed } from "../domain/arbitraries.js";

/** The leaves of the test vectors of Certificate Transparency, and the roots of its trees of 1 to 8. */
const entries = ["", "00", "10", "2021", "3031", "40414243"]
  .concat("5051525354555657", "606162636465666768696a6b6c6d6e6f")
  .map((text) => Buffer.from(text, "hex"));
const roots = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/** Leaves in memory, with the roots of full tiles over them, as a store would keep them. */
function treeOf(leaves: readonly Uint8Array[]): TreeHashes {
  const levels = [leaves];
  for (let below = leaves; below.length >= tileWidth; ) {
    const above: Uint8Array[] = [];
    for (let from = 0; from + tileWidth <= below.length; from += tileWidth) {
      above.push(perfectRoot(below.slice(from, from + tileWidth)));
    }
    levels.push(above);
    below = above;
  }
  return {
    at: (level, from, count) => {
      const found = levels[level]?.slice(from, from + count) ?? [];
      if (found.length !== count) throw new Error(`no ${count} hashes at ${level}/${from}`);
      return found;
    },
  };
}

const vectors = treeOf(entries.map(leafHash));

/** The definition itself, without tiles: MTH of RFC 6962, section 2.1. */
function definedRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return hash("sha256", Buffer.alloc(0), "buffer");
  if (leaves.length === 1) return only;
  const split = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return nodeHash(definedRoot(leaves.slice(0, split)), definedRoot(leaves.slice(split)));
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("hex");
}

const many = Array.from({ length: 70_000 }, (_, index) =>
  leafHash(hash("sha256", String(index), "buffer")),
);
const large = treeOf(many);

test("a tree that grows leaf by leaf has the root of each size", () => {
  const tree = new GrowingTree();
  expect(hex(tree.root())).toBe(hex(treeRoot(vectors, 0)));
  for (const [index, leaf] of many.slice(0, 600).entries()) {
    tree.add(leaf);
    expect(hex(tree.root())).toBe(hex(treeRoot(large, index + 1)));
  }
});

describe("a proof is refused", () => {
  const [leaf, size, index] = [leafHash(Buffer.from("2021", "hex")), 7, 3];
  const proof = inclusionProof(vectors, index, size);
  const root = treeRoot(vectors, size);

  test.each([
    ["for another leaf", { leaf: leafHash(Buffer.from("2022", "hex")) }],
    ["for another place", { index: 2 }],
    ["for a tree of another size", { size: 16 }],
    ["for another root", { root: treeRoot(vectors, 6) }],
    ["when a hash is missing", { proof: proof.slice(1) }],
    ["when there is a hash too many", { proof: [...proof, leaf] }],
    ["beyond the end of the tree", { index: 7 }],
    ["at a place that is no number", { index: Number.NaN }],
  ])("%s", (_, change) => {
    expect(verifyInclusion({ leaf, index, size, root, proof })).toBe(true);
    expect(verifyInclusion({ leaf, index, size, root, proof, ...change })).toBe(false);
  });

  test("of a tree that is larger than is said, whose last leaf it leads to", () => {
    const last = leafHash(entries[7] ?? Buffer.alloc(0));
    const path = { leaf: last, root: treeRoot(vectors, 8), proof: inclusionProof(vectors, 7, 8) };
    expect(verifyInclusion({ ...path, index: 7, size: 8 })).toBe(true);
    expect(verifyInclusion({ ...path, index: 0, size: 1 })).toBe(false);
    expect(verifyInclusion({ ...path, index: 2, size: 3 })).toBe(false);
  });

  test("when a bit of it is flipped, whichever it is", () => {
    fc.assert(
      fc.property(fc.nat(299), fc.nat(299), fc.nat(10_000), (a, b, where) => {
        const [from, to] = [Math.min(a, b) + 1, Math.max(a, b) + 2];
        const path = inclusionProof(large, from, to + 1);
        const flipped = flip(path, where);
        const claim = { index: from, size: to + 1, root: treeRoot(large, to + 1) };
        const ofLeaf = { ...claim, leaf: many[from] ?? Buffer.alloc(0) };
        expect(verifyInclusion({ ...ofLeaf, proof: path })).toBe(true);
        expect(verifyInclusion({ ...ofLeaf, proof: flipped })).toBe(false);
        const between = { from, to, fromRoot: treeRoot(large, from), toRoot: treeRoot(large, to) };
        const steps = consistencyProof(large, from, to);
        expect(verifyConsistency({ ...between, proof: steps })).toBe(true);
        expect(verifyConsistency({ ...between, proof: flip(steps, where) })).toBe(false);
      }),
      { seed, numRuns: 300 },
    );
  });
});

function flip(proof: readonly Uint8Array[], where: number): readonly Uint8Array[] {
  return proof.map((node, index) => {
    if (index !== where % proof.length) return node;
    const changed = Buffer.from(node);
    changed[where % 32] = (changed[where % 32] ?? 0) ^ (1 << (where % 8));
    return changed;
  });
}

test("the roots are those of the vectors of Certificate Transparency", () => {
  expect(hex(treeRoot(vectors, 0))).toBe(
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
  expect(roots.map((_, index) => hex(treeRoot(vectors, index + 1)))).toEqual(roots);
});

test("the proofs are those of the vectors of Certificate Transparency", () => {
  expect(consistencyProof(vectors, 6, 8).map(hex)).toEqual([
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  ]);
  expect(consistencyProof(vectors, 2, 5).map(hex)).toEqual([
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
  ]);
  expect(inclusionProof(vectors, 2, 3).map(hex)).toEqual([roots[1]]);
});

test.each([255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000])(
  "the root of %d leaves from tiles is the one of the definition",
  (size) => {
    expect(hex(treeRoot(large, size))).toBe(hex(definedRoot(many.slice(0, size))));
  },
);

test("a tree is consistent with itself, and with an empty one that came before", () => {
  const [toRoot, empty] = [treeRoot(vectors, 5), treeRoot(vectors, 0)];
  expect(verifyConsistency({ from: 5, to: 5, fromRoot: toRoot, toRoot, proof: [] })).toBe(true);
  expect(verifyConsistency({ from: 0, to: 5, fromRoot: empty, toRoot, proof: [] })).toBe(true);
  expect(verifyConsistency({ from: 5, to: 5, fromRoot: empty, toRoot, proof: [] })).toBe(false);
  expect(verifyConsistency({ from: 5, to: 4, fromRoot: toRoot, toRoot, proof: [] })).toBe(false);
});

test("any leaf of any tree is proved to be in it, and any tree to be the beginning of a later one", () => {
  fc.assert(
    fc.property(fc.nat(69_999), fc.nat(69_999), (a, b) => {
      const [from, to] = [Math.min(a, b) + 1, Math.max(a, b) + 1];
      const [fromRoot, toRoot] = [treeRoot(large, from), treeRoot(large, to)];
      const proof = consistencyProof(large, from, to);
      expect(verifyConsistency({ from, to, fromRoot, toRoot, proof })).toBe(true);
      const [index, leaf] = [from - 1, many[from - 1] ?? Buffer.alloc(0)];
      const path = inclusionProof(large, index, to);
      expect(verifyInclusion({ leaf, index, size: to, root: toRoot, proof: path })).toBe(true);
    }),
    { seed, numRuns: 200 },
  );
});
