/** The name that was probably meant: the nearest of those there are, if it is near enough. */

const lengthMax = 64;
/** How much of a name that was sent is shown. */
const shownLengthMax = 64;

/** The nearest of the names that are known; undefined when none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  if (name.length > lengthMax) return undefined;
  const farthest = Math.max(1, Math.floor(name.length / 3));
  let best: Candidate | undefined;
  for (const other of known) {
    // A name that is longer or shorter by more than that is farther away than that.
    if (Math.abs(other.length - name.length) > farthest) continue;
    const distance = distanceOf(name.toLowerCase(), other.toLowerCase());
    const candidate = { other, distance };
    if (distance <= farthest && (best === undefined || isNearer(candidate, best))) best = candidate;
  }
  return best?.other;
}

interface Candidate {
  readonly other: string;
  readonly distance: number;
}

/** Of two that are equally near the first by its letters, whatever the order they come in. */
function isNearer(a: Candidate, b: Candidate): boolean {
  return a.distance === b.distance ? a.other < b.other : a.distance < b.distance;
}

/** `Did you mean "description"?` for `descripton`; undefined when nothing is near. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  const meant = nearest(name, known);
  return meant === undefined ? undefined : `Did you mean "${meant}"?`;
}

/** What was wrong with a name, and which was probably meant. */
export function withMeant(message: string, name: string, known: Iterable<string>): string {
  const meant = didYouMean(name, known);
  return meant === undefined ? message : `${message} ${meant}`;
}

/** What is told of fields that are not among those that are allowed. */
export function describeUnknown(keys: readonly string[], allowed: readonly string[]): string {
  const [first = ""] = keys;
  const names = keys.map((key) => `"${shortened(key)}"`).join(", ");
  const verb = keys.length === 1 ? "is" : "are";
  const send = allowed.length === 0 ? "Send nothing." : `Send only ${allowed.join(", ")}.`;
  return withMeant(`${names} ${verb} not taken here. ${send}`, first, allowed);
}

function shortened(text: string): string {
  return text.length <= shownLengthMax ? text : `${text.slice(0, shownLengthMax).toWellFormed()}…`;
}

/** Insertions, deletions, substitutions, and letters that changed places (optimal string alignment). */
function distanceOf(a: string, b: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const substituted = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      const isSwapped = i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j];
      const swapped = isSwapped ? (before[j - 1] ?? 0) + 1 : substituted;
      next.push(Math.min(substituted, swapped, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row.at(-1) ?? 0;
}
