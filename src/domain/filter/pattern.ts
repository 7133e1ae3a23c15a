/**
 * Regular expressions of callers. They run through RE2, whose time is linear in the text, because
 * the engine of JavaScript can be made to backtrack for years.
 */
import { RE2JS, RE2JSException } from "re2js";

/** A regular expression that was read. */
export interface Pattern {
  /** Whether it occurs somewhere in the text. */
  readonly occursIn: (text: string) => boolean;
  /** How many instructions it is: a search costs at most this times the length of its text. */
  readonly size: number;
}

/** The pattern, or what is wrong with it. There are no look-arounds and no back-references. */
export function parsePattern(
  source: string,
  caseSensitive: boolean,
): { readonly pattern: Pattern } | { readonly fault: string } {
  try {
    // Once without flags, which the message would quote as if the caller had sent them.
    const plain = RE2JS.compile(source);
    const compiled = caseSensitive ? plain : RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);
    return { pattern: { occursIn: (text) => compiled.test(text), size: compiled.programSize() } };
  } catch (error) {
    if (error instanceof RE2JSException) return { fault: error.message };
    throw error;
  }
}
