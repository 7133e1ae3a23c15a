/** Holds what is kept and signed of a tree to the log that it is a function of. */
import { toHex } from "./codec.js";
import { GrowingTree, leafHash, perfectRoot, tileWidth } from "./tree.js";

/** A root that was signed, or noted elsewhere, for the first `size` events. */
export interface KnownRoot {
  readonly size: number;
  readonly root: Uint8Array;
}

/** What a store keeps beside its log. */
export interface KeptTree {
  /** Roots of full tiles by `level/index`, as far as there are any. */
  readonly tiles: ReadonlyMap<string, Uint8Array>;
  readonly checkpoints: readonly KnownRoot[];
}

/** Follows the log event by event. */
export class TreeCheck {
  readonly #tiles: Map<string, string>;
  readonly #roots = new Map<number, string[]>();
  readonly #tree = new GrowingTree();
  /** Of each level, the hashes of the tile that is not full yet. */
  readonly #levels: { index: number; hashes: Uint8Array[] }[] = [];
  #size = 0;

  constructor(tiles: KeptTree["tiles"], roots: readonly KnownRoot[]) {
    this.#tiles = new Map([...tiles].map(([place, hash]) => [place, toHex(hash)]));
    for (const { size, root } of roots) {
      this.#roots.set(size, [...(this.#roots.get(size) ?? []), toHex(root)]);
    }
  }

  /** Of the first events so far. */
  get root(): string {
    return toHex(this.#tree.root());
  }

  /** @returns what does not fit, now that this event is there. */
  next(chainHash: Uint8Array): string | undefined {
    const leaf = leafHash(chainHash);
    this.#size += 1;
    this.#tree.add(leaf);
    return this.#keep(0, leaf) ?? this.#rootFault();
  }

  /** @returns what is left over once the log has ended. */
  end(): string | undefined {
    const [beyond] = [...this.#roots.keys()].sort((a, b) => b - a);
    if (beyond !== undefined && beyond > this.#size) {
      return `the log was cut off: a checkpoint of ${beyond} events was signed`;
    }
    const [tile] = this.#tiles.keys();
    if (tile !== undefined) return `the tree has a tile ${tile} of events that are not there`;
    return this.#size === 0 ? this.#rootFault() : undefined;
  }

  #keep(level: number, hash: Uint8Array): string | undefined {
    const tile = this.#levels[level] ?? { index: 0, hashes: [] };
    this.#levels[level] = tile;
    tile.hashes.push(hash);
    if (tile.hashes.length < tileWidth) return undefined;
    const root = perfectRoot(tile.hashes);
    const place = `${level + 1}/${tile.index}`;
    const kept = this.#tiles.get(place);
    if (kept !== undefined && kept !== toHex(root)) {
      return `the tile ${place} of the tree is not the root of its events`;
    }
    this.#tiles.delete(place);
    this.#levels[level] = { index: tile.index + 1, hashes: [] };
    return this.#keep(level + 1, root);
  }

  #rootFault(): string | undefined {
    const known = this.#roots.get(this.#size);
    if (known === undefined || known.every((root) => root === this.root)) return undefined;
    return `a checkpoint of ${this.#size} events was signed with another root`;
  }
}
