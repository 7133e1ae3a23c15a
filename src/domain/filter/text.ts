/** How the texts of a list are compared: folding of case, and one order for every engine. */

/** What becomes of a text before it is compared. */
export type Folding = (text: string) => string;

/**
 * Folds case the same way wherever a text is cut: upper case has no rule that looks at neighbours,
 * as lower case has for the final sigma, so that a part of a folded text is the folded part.
 */
export function foldCase(text: string): string {
  return text.toUpperCase();
}

export function foldingOf(caseSensitive: boolean): Folding {
  return caseSensitive ? (text) => text : foldCase;
}

/** The order of code points, which is that of UTF-8 bytes; that of JavaScript differs past U+FFFF. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return surrogatesLast(left) - surrogatesLast(right);
  }
  return a.length - b.length;
}

const surrogatesStart = 0xd800;
const surrogatesEnd = 0xe000;

/** Moves the code units of what is past U+FFFF behind all others. */
function surrogatesLast(unit: number): number {
  if (unit < surrogatesStart) return unit;
  return unit < surrogatesEnd ? unit + 0x2000 : unit - 0x800;
}

/** The words of a text: runs of letters, their marks, and digits; in any case. */
export function wordsOf(text: string): string[] {
  return foldCase(text).match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

/** Whether a word, as `wordsOf` gives them, is among those of a folded text, without making them all. */
export function hasWord(folded: string, word: string): boolean {
  for (let at = folded.indexOf(word); at !== -1; at = folded.indexOf(word, at + 1)) {
    const end = at + word.length;
    if (!isOfWord(lastOf(folded, at)) && !isOfWord(firstOf(folded, end))) return true;
  }
  return false;
}

function isOfWord(character: string): boolean {
  return /^[\p{L}\p{M}\p{N}]$/u.test(character);
}

/** Two code units are one character, or end with one. */
function firstOf(text: string, start: number): string {
  return Array.from(text.slice(start, start + 2))[0] ?? "";
}

function lastOf(text: string, end: number): string {
  return Array.from(text.slice(Math.max(0, end - 2), end)).at(-1) ?? "";
}
