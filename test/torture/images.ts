/**
 * A disk that keeps its promises and no more (POSIX): what was written before a sync began is there
 * once that has ended, a name is there once its folder was synced, and all else may be there, or not,
 * or in part. Fed with a record, it gives what a power cut could have left behind at any moment.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Random } from "../support/random.js";
import type { Entry } from "./record.js";

/** What comes through of that which was not synced: nothing, some of it, some of its sectors, or all. */
export const cuts = ["drop", "subset", "torn", "all"] as const;
export type Cut = (typeof cuts)[number];

const sectorBytes = 512;

type Change =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly size: number };

type NameChange =
  | { readonly kind: "add"; readonly path: string; readonly id: number }
  | { readonly kind: "remove"; readonly path: string };

/** What was not synced yet, in its order. */
class Pending<T> {
  #entries: { readonly order: number; readonly change: T }[] = [];

  add(order: number, change: T): void {
    this.#entries.push({ order, change });
  }

  /** Takes out what came before. */
  settle(order: number): T[] {
    const settled = this.#entries.filter((entry) => entry.order < order);
    this.#entries = this.#entries.filter((entry) => entry.order >= order);
    return settled.map(({ change }) => change);
  }

  all(): T[] {
    return this.#entries.map(({ change }) => change);
  }
}

/** Bytes that grow and shrink in place. */
class Content {
  #buffer: Buffer;
  #length: number;

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#buffer = bytes;
    this.#length = bytes.length;
  }

  apply(change: Change): void {
    if (change.kind === "write") {
      this.#resize(Math.max(this.#length, change.offset + change.bytes.length));
      change.bytes.copy(this.#buffer, change.offset);
    } else {
      this.#resize(change.size);
    }
  }

  /** Good until the next change. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #resize(length: number): void {
    if (length > this.#buffer.length) {
      const grown = Buffer.alloc(Math.max(length, this.#buffer.length * 2));
      this.bytes().copy(grown);
      this.#buffer = grown;
    }
    if (length < this.#length) this.#buffer.fill(0, length, this.#length);
    this.#length = length;
  }
}

interface File {
  readonly durable: Content;
  readonly pending: Pending<Change>;
}

interface Folder {
  readonly durable: Map<string, number>;
  readonly pending: Pending<readonly NameChange[]>;
}

export class Disk {
  readonly #root: string;
  /** Inodes are given out again: each that is made is another file. */
  readonly #ids = new Map<bigint, number>();
  readonly #files = new Map<number, File>();
  readonly #folders = new Map<string, Folder>();
  readonly #pathOfFolder = new Map<number, string>();
  readonly #begun = new Map<string, number>();
  #order = 0;

  /** @param rootInode of the folder itself, which was there before. */
  constructor(root: string, rootInode: bigint) {
    this.#root = root;
    this.#pathOfFolder.set(this.#made(rootInode), root);
  }

  apply(entry: Entry): void {
    this.#order += 1;
    switch (entry.what) {
      case "create":
        this.#name(entry.path, [{ kind: "add", path: entry.path, id: this.#made(entry.inode) }]);
        break;
      case "folder": {
        const id = this.#made(entry.inode);
        this.#pathOfFolder.set(id, entry.path);
        this.#name(entry.path, [{ kind: "add", path: entry.path, id }]);
        break;
      }
      case "unlink":
        this.#name(entry.path, [{ kind: "remove", path: entry.path }]);
        break;
      case "rename": {
        // One step on every file system with a journal; it counts with the folder that it leads to.
        const id = this.#id(entry.inode);
        if (this.#pathOfFolder.has(id)) this.#pathOfFolder.set(id, entry.to);
        this.#name(entry.to, [
          { kind: "remove", path: entry.path },
          { kind: "add", path: entry.to, id },
        ]);
        break;
      }
      case "link":
        this.#name(entry.to, [{ kind: "add", path: entry.to, id: this.#id(entry.inode) }]);
        break;
      case "write":
        this.#change(entry.inode, { kind: "write", offset: entry.offset, bytes: entry.bytes });
        break;
      case "truncate":
        this.#change(entry.inode, { kind: "truncate", size: entry.size });
        break;
      case "sync begins":
        this.#begun.set(`${entry.inode}:${entry.number}`, this.#order);
        break;
      case "sync ends":
        this.#settle(this.#id(entry.inode), this.#begun.get(`${entry.inode}:${entry.number}`) ?? 0);
        break;
      default:
        entry satisfies never;
    }
  }

  /** What is found after the power comes back: contents by their path below the root. */
  image(cut: Cut, random: Random): Map<string, Buffer> {
    const names = this.#names(cut, random);
    const isReached = (path: string): boolean =>
      path === this.#root || (names.has(path) && isReached(dirname(path)));
    const found = new Map<string, Buffer>();
    for (const [path, id] of names) {
      if (this.#pathOfFolder.has(id) || path.endsWith("-shm") || !isReached(path)) continue;
      found.set(relative(this.#root, path), this.#content(id, cut, random));
    }
    return found;
  }

  #made(inode: bigint): number {
    const id = this.#files.size + this.#pathOfFolder.size + 1;
    this.#ids.set(inode, id);
    this.#files.set(id, { durable: new Content(), pending: new Pending() });
    return id;
  }

  #id(inode: bigint): number {
    return this.#ids.get(inode) ?? this.#made(inode);
  }

  #file(id: number): File {
    const file = this.#files.get(id);
    if (file === undefined) throw new Error(`there is no file ${id}`);
    return file;
  }

  #folder(path: string): Folder {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const made: Folder = { durable: new Map(), pending: new Pending() };
    this.#folders.set(path, made);
    return made;
  }

  #change(inode: bigint, change: Change): void {
    this.#file(this.#id(inode)).pending.add(this.#order, change);
  }

  #name(path: string, change: readonly NameChange[]): void {
    this.#folder(dirname(path)).pending.add(this.#order, change);
  }

  #settle(id: number, begun: number): void {
    const path = this.#pathOfFolder.get(id);
    if (path === undefined) {
      const { durable, pending } = this.#file(id);
      for (const change of pending.settle(begun)) durable.apply(change);
      return;
    }
    for (const change of this.#folder(path).pending.settle(begun).flat()) {
      const { durable } = this.#folder(dirname(change.path));
      if (change.kind === "add") durable.set(change.path, change.id);
      else durable.delete(change.path);
    }
  }

  /** A folder's changes come through in their order, up to some point. */
  #names(cut: Cut, random: Random): Map<string, number> {
    const names = new Map<string, number>();
    for (const { durable } of this.#folders.values()) {
      for (const [path, id] of durable) names.set(path, id);
    }
    for (const { pending } of this.#folders.values()) {
      const changes = pending.all();
      for (const change of changes.slice(0, throughOf(cut, changes.length, random)).flat()) {
        if (change.kind === "add") names.set(change.path, change.id);
        else names.delete(change.path);
      }
    }
    return names;
  }

  #content(id: number, cut: Cut, random: Random): Buffer {
    const { durable, pending } = this.#file(id);
    const changes = pending.all();
    if (cut === "drop" || changes.length === 0) return durable.bytes();
    const content = new Content(Buffer.from(durable.bytes()));
    const share = random.next();
    for (const change of changes) {
      if (cut === "all") content.apply(change);
      else if (random.chance(share)) content.apply(cut === "torn" ? torn(change, random) : change);
    }
    return content.bytes();
  }
}

function throughOf(cut: Cut, count: number, random: Random): number {
  if (cut === "all") return count;
  return cut === "drop" ? 0 : random.below(count + 1);
}

/** Only the sectors before some point: a write that the power took the rest of. */
function torn(change: Change, random: Random): Change {
  if (change.kind === "truncate") return change;
  const sectors = Math.ceil(change.bytes.length / sectorBytes);
  return { ...change, bytes: change.bytes.subarray(0, random.below(sectors + 1) * sectorBytes) };
}

export function writeImage(folder: string, image: ReadonlyMap<string, Buffer>): void {
  mkdirSync(folder, { recursive: true });
  for (const [path, content] of image) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}
