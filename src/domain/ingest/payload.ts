/**
 * The JSON of a webhook (RFC 8259). A sender cannot change what it sends, so that what I-JSON (RFC
 * 7493) asks of our own requests (`json-text.ts`) is not asked of it: of duplicate keys the last one
 * wins, and a number that a double cannot hold keeps its digits, as text. Depth, bytes and UTF-8 are
 * bounded as everywhere.
 */
import { type JsonValue, tooDeep } from "../json.js";
import { decodeText, endOfString, malformed } from "../json-text.js";
import { limits } from "../limits.js";

/** @throws BAD_REQUEST for what is no JSON; VALIDATION_FAILED beyond 64 levels. */
export function parsePayload(bytes: Uint8Array): JsonValue {
  const text = decodeText(bytes);
  assertDepth(text);
  try {
    return JSON.parse(text, keepDigits);
  } catch (error) {
    throw error instanceof SyntaxError ? malformed(text) : error;
  }
}

/** What stands in the text, for a value that is no array or object. */
interface Literal {
  readonly source?: string;
}

function keepDigits(_key: string, value: JsonValue, literal?: Literal): JsonValue {
  if (typeof value !== "number") return value;
  const isHeld = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (isHeld) return value === 0 ? 0 : value;
  return literal?.source ?? String(value);
}

/** Of text that is malformed it need not be right: the parser refuses that. */
function assertDepth(text: string): void {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case '"':
        at = endOfString(text, at) - 1;
        break;
      case "{":
      case "[":
        depth += 1;
        if (depth > limits.jsonDepthMax) throw tooDeep();
        break;
      case "}":
      case "]":
        depth -= 1;
        break;
    }
  }
}
