/**
 * The JSON of a webhook (RFC 8259). A sender cannot change what it sends, so that what I-JSON (RFC
 * 7493) asks of our own requests (`json-text.ts`) is not asked of it: of duplicate keys the last one
 * wins, and a number that a double cannot hold keeps its digits, as text. Depth, bytes and UTF-8 are
 * bounded as everywhere.
 */
import { type JsonValue, tooDeep } from "../json.js";
import {
  closeBrace,
  closeBracket,
  decodeText,
  endOfNumber,
  endOfString,
  isShortInteger,
  malformed,
  openBrace,
  openBracket,
  quote,
  startsNumber,
} from "../json-text.js";
import { limits } from "../limits.js";

/** @throws BAD_REQUEST for what is no JSON; VALIDATION_FAILED beyond 64 levels. */
export function parsePayload(bytes: Uint8Array): JsonValue {
  const text = decodeText(bytes);
  const kept = withDigitsKept(text);
  try {
    // What became a text may stand where a number may not, such as in the place of a key.
    if (kept !== text) JSON.parse(text);
    return JSON.parse(kept);
  } catch (error) {
    throw error instanceof SyntaxError ? malformed(text) : error;
  }
}

/**
 * The text with each number that a double cannot hold as a string of its digits, and minus zero as zero.
 * Before the parser and not after it: a function that looks at each value costs more than all else.
 * Of text that is malformed it need not be right: the parser refuses that.
 * @throws VALIDATION_FAILED beyond 64 levels.
 */
function withDigitsKept(text: string): string {
  const parts: string[] = [];
  let copied = 0;
  let depth = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    let end = at + 1;
    if (code === quote) end = endOfString(text, at);
    else if (code === openBrace || code === openBracket) {
      depth += 1;
      if (depth > limits.jsonDepthMax) throw tooDeep();
    } else if (code === closeBrace || code === closeBracket) depth -= 1;
    else if (startsNumber(code)) {
      end = endOfNumber(text, at);
      const held = isShortInteger(text, at, end) ? undefined : heldOf(text.slice(at, end));
      if (held !== undefined) {
        parts.push(text.slice(copied, at), held);
        copied = end;
      }
    }
    at = end;
  }
  return parts.length === 0 ? text : parts.join("") + text.slice(copied);
}

/** What stands for a literal that is not what is kept of it; undefined for one that may stay. */
function heldOf(literal: string): string | undefined {
  const value = Number(literal);
  if (value === 0) return Object.is(value, -0) ? "0" : undefined;
  const isHeld = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  return isHeld ? undefined : `"${literal}"`;
}
