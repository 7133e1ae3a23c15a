/** What `disk.c` recorded, entry by entry. */
import { readFileSync } from "node:fs";

interface Base {
  /** Nanoseconds of the monotonic clock, which all processes of a machine share. */
  readonly at: bigint;
  readonly inode: bigint;
}

export type Entry =
  | (Base & { readonly what: "create" | "folder" | "unlink"; readonly path: string })
  | (Base & { readonly what: "rename" | "link"; readonly path: string; readonly to: string })
  | (Base & { readonly what: "write"; readonly offset: number; readonly bytes: Buffer })
  | (Base & { readonly what: "truncate"; readonly size: number })
  | (Base & { readonly what: "sync begins" | "sync ends"; readonly number: bigint });

export function readRecord(file: string): Entry[] {
  const record = readFileSync(file);
  const entries: Entry[] = [];
  for (let at = 0; at < record.length; ) {
    const length = record.readUInt32LE(at);
    entries.push(entryOf(record.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return entries;
}

function entryOf(entry: Buffer): Entry {
  let at = 1;
  const long = () => {
    at += 8;
    return entry.readBigUInt64LE(at - 8);
  };
  const bytes = () => {
    const length = entry.readUInt32LE(at);
    at += 4 + length;
    return entry.subarray(at - length, at);
  };
  const base = { at: long(), inode: long() };
  const offset = long();
  const [path, to, data] = [bytes().toString(), bytes().toString(), bytes()];
  const what = String.fromCharCode(entry[0] ?? 0);
  switch (what) {
    case "C":
      return { ...base, what: "create", path };
    case "M":
      return { ...base, what: "folder", path };
    case "U":
      return { ...base, what: "unlink", path };
    case "R":
      return { ...base, what: "rename", path, to };
    case "L":
      return { ...base, what: "link", path, to };
    case "W":
      return { ...base, what: "write", offset: Number(offset), bytes: data };
    case "T":
      return { ...base, what: "truncate", size: Number(offset) };
    case "S":
      return { ...base, what: "sync begins", number: offset };
    case "s":
      return { ...base, what: "sync ends", number: offset };
    default:
      throw new Error(`the record has an entry of an unknown kind: ${what}`);
  }
}
