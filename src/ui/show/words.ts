/** The words in which two texts differ. */
import { diffWordsWithSpace } from "diff";

export interface Piece {
  readonly text: string;
  readonly isChanged: boolean;
}

/** Longer ones take too long, and are read as two texts anyway. */
const lengthMax = 20_000;

/** The two texts in pieces; undefined where they have too little in common to show it so. */
export function wordDiff(
  was: string,
  value: string,
): { readonly was: readonly Piece[]; readonly value: readonly Piece[] } | undefined {
  if (was.length + value.length > lengthMax) return undefined;
  const parts = diffWordsWithSpace(was, value);
  const common = parts
    .filter((part) => !part.added && !part.removed)
    .reduce((sum, part) => sum + part.value.trim().length, 0);
  if (common * 4 < Math.min(was.length, value.length)) return undefined;
  const pieces = (left: "added" | "removed", own: "added" | "removed"): Piece[] =>
    parts
      .filter((part) => !part[left])
      .map((part) => ({ text: part.value, isChanged: part[own] === true }));
  return { was: pieces("added", "removed"), value: pieces("removed", "added") };
}
