/**
 * Goal: whatever is proved of any tree, others find it proved as well, and nothing else. Method: random
 * claims, each beside one in which a bit is another; our own check, and one in Python that was written
 * from RFC 9162.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  perfectRoot,
  type TreeHashes,
  tileWidth,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from "../../src/eventstore/tree.js";
import { depth } from "../support/depth.js";
import { Random } from "../support/random.js";

const script = fileURLToPath(new URL("./check_tree.py", import.meta.url));
const leavesMax = 3 * tileWidth * 8 + 77;

const leaves = Array.from({ length: leavesMax }, (_, n) =>
  leafHash(createHash("sha256").update(String(n)).digest()),
);
const tiles = Array.from({ length: Math.floor(leavesMax / tileWidth) }, (_, at) =>
  perfectRoot(leaves.slice(at * tileWidth, (at + 1) * tileWidth)),
);
const hashes: TreeHashes = {
  at: (level, from, count) => (level === 0 ? leaves : tiles).slice(from, from + count),
};
const roots = new Map<number, Uint8Array>();

function rootAt(size: number): Uint8Array {
  const root = roots.get(size) ?? treeRoot(hashes, size);
  roots.set(size, root);
  return root;
}

type Inclusion = Parameters<typeof verifyInclusion>[0];
type Consistency = Parameters<typeof verifyConsistency>[0];

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** One bit of one of them is another. */
function flipped(random: Random, all: readonly Uint8Array[]): Uint8Array[] {
  const which = random.below(all.length);
  const bit = random.below(256);
  return all.map((bytes, at) => {
    const copy = Uint8Array.from(bytes);
    const byte = copy[bit >> 3];
    if (at === which && byte !== undefined) copy[bit >> 3] = byte ^ (1 << (bit & 7));
    return copy;
  });
}

function alteredInclusion(random: Random, claim: Inclusion): Inclusion {
  const [leaf, root, ...proof] = flipped(random, [claim.leaf, claim.root, ...claim.proof]);
  return { ...claim, leaf: leaf ?? claim.leaf, root: root ?? claim.root, proof };
}

function alteredConsistency(random: Random, claim: Consistency): Consistency {
  const [from, to, ...proof] = flipped(random, [claim.fromRoot, claim.toRoot, ...claim.proof]);
  return { ...claim, fromRoot: from ?? claim.fromRoot, toRoot: to ?? claim.toRoot, proof };
}

test("proofs of random trees hold for us and in Python, and none does with a bit flipped", () => {
  const random = new Random(20_261_001);
  const lines: string[] = [];
  const expected: boolean[] = [];
  const inclusion = (claim: Inclusion, holds: boolean) => {
    expect(verifyInclusion(claim)).toBe(holds);
    const { leaf, root, proof, ...place } = claim;
    lines.push(
      JSON.stringify({ ...place, leaf: hex(leaf), root: hex(root), proof: proof.map(hex) }),
    );
    expected.push(holds);
  };
  const consistency = (claim: Consistency, holds: boolean) => {
    expect(verifyConsistency(claim)).toBe(holds);
    const { fromRoot, toRoot, proof, ...sizes } = claim;
    lines.push(
      JSON.stringify({
        ...sizes,
        fromRoot: hex(fromRoot),
        toRoot: hex(toRoot),
        proof: proof.map(hex),
      }),
    );
    expected.push(holds);
  };
  for (let round = 0; round < depth({ smoke: 300, deep: 10_000 }); round += 1) {
    const size = 1 + random.below(leavesMax);
    const index = random.below(size);
    const leaf = leaves[index] ?? leafHash(new Uint8Array());
    const proof = inclusionProof(hashes, index, size);
    const included = { leaf, index, size, root: rootAt(size), proof };
    inclusion(included, true);
    inclusion(alteredInclusion(random, included), false);

    const from = 1 + random.below(size);
    const grown = {
      from,
      to: size,
      fromRoot: rootAt(from),
      toRoot: rootAt(size),
      proof: consistencyProof(hashes, from, size),
    };
    consistency(grown, true);
    consistency(alteredConsistency(random, grown), false);
  }
  const { stdout, stderr } = spawnSync("python3", [script], {
    input: `${lines.join("\n")}\n`,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  expect(stderr).toBe("");
  expect(stdout.trim().split("\n")).toEqual(expected.map((holds) => (holds ? "1" : "0")));
});
