/**
 * The Merkle tree over the chain hashes (RFC 6962, section 2.1): its roots, and proofs that a leaf is
 * in it or that one tree is the beginning of another. A function of the log and of nothing else;
 * where the hashes lie is a port.
 */
import { invariant } from "../domain/errors.js";
import { digestOf } from "./frame.js";

/** How many hashes a tile holds; the roots of full tiles are kept, all else is computed from them. */
export const tileWidth = 256;

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/**
 * Where hashes are found. Level 0 holds the leaf hashes in the order of the log; level `n` holds the
 * roots of the full subtrees of `tileWidth ** n` leaves.
 */
export interface TreeHashes {
  /** `count` hashes of a level, from an index on: all of them are there. */
  at(level: number, from: number, count: number): readonly Uint8Array[];
}

/** The leaf hash of an event: SHA-256(0x00 ‖ chain hash). */
export function leafHash(chainHash: Uint8Array): Uint8Array {
  return digestOf(leafPrefix, chainHash);
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return digestOf(nodePrefix, left, right);
}

/** The root of the tree over the first `size` events; of an empty one it is SHA-256 of nothing. */
export function treeRoot(hashes: TreeHashes, size: number): Uint8Array {
  assertCount(size);
  return size === 0 ? digestOf() : rangeRoot(hashes, 0, size);
}

/**
 * The root of a list of sibling hashes, as of a full tile: their number is a power of two.
 */
export function perfectRoot(hashes: readonly Uint8Array[]): Uint8Array {
  let level = hashes;
  while (level.length > 1) level = pairs(level);
  const [root] = level;
  invariant(root !== undefined, "a tree of no hashes has no inner root");
  return root;
}

/** The root of a tree that leaves are added to, from the first on; it keeps no leaf. */
export class GrowingTree {
  /** Roots of full subtrees, each smaller than the one before. */
  readonly #roots: { readonly width: number; readonly hash: Uint8Array }[] = [];

  add(leaf: Uint8Array): void {
    let added = { width: 1, hash: leaf };
    for (let last = this.#roots.at(-1); last?.width === added.width; last = this.#roots.at(-1)) {
      added = { width: added.width * 2, hash: nodeHash(last.hash, added.hash) };
      this.#roots.pop();
    }
    this.#roots.push(added);
  }

  /** @returns SHA-256 of nothing for a tree without leaves. */
  root(): Uint8Array {
    const hashes = this.#roots.map(({ hash }) => hash);
    return hashes.length === 0
      ? digestOf()
      : hashes.reduceRight((right, left) => nodeHash(left, right));
  }
}

/**
 * The path from the leaf at `index` (the event's position less one) to the root of the tree over the
 * first `size` events, the leaf's sibling first (RFC 6962, section 2.1.1).
 */
export function inclusionProof(
  hashes: TreeHashes,
  index: number,
  size: number,
): readonly Uint8Array[] {
  assertCount(size);
  invariant(Number.isSafeInteger(index) && 0 <= index && index < size, `no leaf ${index}`);
  const path: Uint8Array[] = [];
  let from = 0;
  let width = size;
  while (width > 1) {
    const split = splitOf(width);
    const isLeft = index < from + split;
    const sibling = isLeft
      ? rangeRoot(hashes, from + split, width - split)
      : rangeRoot(hashes, from, split);
    path.push(sibling);
    if (!isLeft) from += split;
    width = isLeft ? split : width - split;
  }
  return path.reverse();
}

/**
 * What proves that the tree over the first `from` events is the beginning of the one over the first
 * `to` (RFC 6962, section 2.1.2). Empty when the one is empty, or they are the same.
 */
export function consistencyProof(
  hashes: TreeHashes,
  from: number,
  to: number,
): readonly Uint8Array[] {
  assertCount(from);
  assertCount(to);
  invariant(from <= to, `a tree of ${to} has no beginning of ${from}`);
  return from === 0 || from === to ? [] : subproof(hashes, { from: 0, width: to }, from, true);
}

interface Range {
  readonly from: number;
  readonly width: number;
}

/** @param isWhole whether the old tree is a subtree whose root the verifier knows already. */
function subproof(hashes: TreeHashes, range: Range, old: number, isWhole: boolean): Uint8Array[] {
  const { from, width } = range;
  if (old === width) return isWhole ? [] : [rangeRoot(hashes, from, width)];
  const split = splitOf(width);
  if (old <= split) {
    const rest = rangeRoot(hashes, from + split, width - split);
    return [...subproof(hashes, { from, width: split }, old, isWhole), rest];
  }
  const right = { from: from + split, width: width - split };
  return [...subproof(hashes, right, old - split, false), rangeRoot(hashes, from, split)];
}

/** Whether the leaf hash is at that place of the tree with that root (RFC 9162, section 2.1.3.2). */
export function verifyInclusion(shown: {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): boolean {
  const { leaf, index, size, root, proof } = shown;
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  const sides = sidesOf(index, size - 1, proof.length);
  if (sides === undefined) return false;
  let computed = leaf;
  for (const [at, sibling] of proof.entries()) {
    computed = sides[at] === "left" ? nodeHash(sibling, computed) : nodeHash(computed, sibling);
  }
  return equal(computed, root);
}

/** Whether the one tree is the beginning of the other (RFC 9162, section 2.1.4.2). */
export function verifyConsistency(shown: {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): boolean {
  const { from, to, fromRoot, toRoot, proof } = shown;
  if (!isCount(from) || !isCount(to) || from > to) return false;
  if (from === to) return proof.length === 0 && equal(fromRoot, toRoot);
  if (from === 0) return proof.length === 0 && equal(fromRoot, digestOf());
  const path = isPowerOfTwo(from) ? [fromRoot, ...proof] : proof;
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let node = from - 1;
  let last = to - 1;
  while (isOdd(node)) {
    node = half(node);
    last = half(last);
  }
  const sides = sidesOf(node, last, rest.length);
  if (sides === undefined) return false;
  let old = first;
  let now = first;
  for (const [at, sibling] of rest.entries()) {
    if (sides[at] === "left") {
      old = nodeHash(sibling, old);
      now = nodeHash(sibling, now);
    } else {
      now = nodeHash(now, sibling);
    }
  }
  return equal(old, fromRoot) && equal(now, toRoot);
}

/**
 * On which side of the path from a node up to the root each hash of a proof stands; undefined when a
 * path of that length does not end at the root.
 */
function sidesOf(
  from: number,
  lastNode: number,
  length: number,
): readonly ("left" | "right")[] | undefined {
  const sides: ("left" | "right")[] = [];
  let node = from;
  let last = lastNode;
  while (sides.length < length) {
    if (last === 0) return undefined;
    const isLeft = isOdd(node) || node === last;
    sides.push(isLeft ? "left" : "right");
    while (isLeft && !isOdd(node) && node !== 0) {
      node = half(node);
      last = half(last);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 ? sides : undefined;
}

/** The root over `width` leaves from a leaf on, which begins where a subtree of its shape does. */
function rangeRoot(hashes: TreeHashes, from: number, width: number): Uint8Array {
  if (isPowerOfTwo(width)) return alignedRoot(hashes, from, width);
  const split = splitOf(width);
  return nodeHash(rangeRoot(hashes, from, split), rangeRoot(hashes, from + split, width - split));
}

/** From the roots of the largest tiles that fit: at most half a tile of them. */
function alignedRoot(hashes: TreeHashes, from: number, width: number): Uint8Array {
  let level = 0;
  let unit = 1;
  while (unit * tileWidth <= width) {
    level += 1;
    unit *= tileWidth;
  }
  return perfectRoot(hashes.at(level, from / unit, width / unit));
}

function pairs(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let index = 0; index < level.length; index += 2) {
    const [left, right] = [level[index], level[index + 1]];
    invariant(left !== undefined && right !== undefined, "a full tree has pairs alone");
    above.push(nodeHash(left, right));
  }
  return above;
}

/** The largest power of two below a width: how many leaves are on the left. */
function splitOf(width: number): number {
  let split = 1;
  while (split * 2 < width) split *= 2;
  return split;
}

// Sizes go beyond 32 bits, where the operators on bits end.
function half(value: number): number {
  return Math.floor(value / 2);
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function assertCount(value: number): void {
  invariant(isCount(value), `${value} is no size of a tree`);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
