/** The name that was probably meant: the nearest of those there are, if it is near enough. */

const lengthMax = 64;

/** `Did you mean "description"?` for `descripton`; undefined when nothing is near. */
export function didYouMean(name: string, known: readonly string[]): string | undefined {
  if (name.length > lengthMax) return undefined;
  const farthest = Math.max(1, Math.floor(name.length / 3));
  const nearest = known
    .map((other) => ({ other, distance: distance(name.toLowerCase(), other.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= farthest)
    .sort((a, b) => a.distance - b.distance)[0];
  return nearest && `Did you mean "${nearest.other}"?`;
}

/** Levenshtein's distance: insertions, deletions and substitutions. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const substituted = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
