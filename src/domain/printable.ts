/**
 * Text that can neither forge a line nor drive a terminal, nor turn the direction of what stands
 * around it: no control characters (C0, C1), no separators of lines, no marks of direction.
 */

const unprintable = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** True for text, well-formed, that can do none of this. */
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && text.search(unprintable) === -1;
}

const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The text with the characters that are not printable written as escapes of JSON. */
export function escapeUnprintable(text: string): string {
  return text.replaceAll(
    unprintable,
    (character) => shortEscapes[character] ?? escapeOf(character),
  );
}

/** JSON that is printable, and the same value: what is not printable stands in strings only. */
export function printableJson(value: unknown, indent?: number): string {
  // Between the values, line feeds are the only control characters that there are.
  const lines = JSON.stringify(value, null, indent).split("\n");
  return lines.map((line) => line.replaceAll(unprintable, escapeOf)).join("\n");
}

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
