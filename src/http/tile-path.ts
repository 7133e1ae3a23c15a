/** How the path of a tile names it (C2SP tlog-tiles): `x001/x234/067`, and `.p/112` for a partial one. */
import type { TilePlace } from "../api/index.js";
import { BucketsError } from "../domain/errors.js";
import { tileWidth } from "../eventstore/tree.js";

/** @throws BAD_REQUEST for what is no level. */
export function parseLevel(text: string): number {
  if (/^(?:[1-5]?[0-9]|6[0-3])$/.test(text)) return Number(text);
  throw new BucketsError("BAD_REQUEST", `"${text}" is no level of a tree: 0 to 63.`);
}

/** @throws BAD_REQUEST for what is no tile. */
export function parseTile(text: string): Omit<TilePlace, "level"> {
  const [, path = "", width = String(tileWidth)] = tilePath.exec(text) ?? [];
  const index = Number(path.replaceAll(/[x/]/g, ""));
  if (path === "" || !Number.isSafeInteger(index * tileWidth)) throw noTile(text);
  return { index, width: Number(width) };
}

/** Three digits an element, without elements of zeros in front; a partial tile has 1 to 255 hashes. */
const tilePath =
  /^((?:x(?!000)[0-9]{3}\/(?:x[0-9]{3}\/)*)?[0-9]{3})(?:\.p\/([1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?$/;

function noTile(text: string): BucketsError {
  return new BucketsError("BAD_REQUEST", `"${text}" is no tile: 067, x001/067 or 067.p/112.`);
}
