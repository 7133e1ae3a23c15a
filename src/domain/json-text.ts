/**
 * JSON text as it may enter (RFC 8259, with the restrictions of I-JSON, RFC 7493): UTF-8, no
 * duplicate keys, no integers that a double does not keep, no lone surrogates, at most 64 levels and
 * 10,000 keys in an object.
 * What is stored is then exactly what was meant.
 */
import { BucketsError, invariant } from "./errors.js";
import {
  finiteNumber,
  type JsonValue,
  notedFromText,
  toJson,
  tooDeep,
  tooManyKeys,
  wellFormed,
} from "./json.js";
import { findJsonFault } from "./json-fault.js";
import { limits } from "./limits.js";
import { isKept } from "./number-literal.js";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What the text is called in errors, and where it begins: it may be a line of a file. */
interface JsonSource {
  readonly name: string;
  readonly line: number;
}

const body: JsonSource = { name: "The body", line: 1 };

/**
 * The value of a JSON text.
 * @throws BAD_REQUEST for what is not strict JSON, with its place; VALIDATION_FAILED beyond 64 levels
 * or 10,000 keys in an object.
 */
export function parseJsonText(bytes: Uint8Array, source = body): JsonValue {
  const text = decodeText(bytes, source);
  try {
    const { hasMinusZero } = scan(text, source);
    const value: JsonValue = JSON.parse(text);
    return hasMinusZero ? toJson(value) : notedFromText(value);
  } catch (error) {
    throw error instanceof SyntaxError ? malformed(text, source) : error;
  }
}

/** @throws BAD_REQUEST for what is not UTF-8. */
export function decodeText(bytes: Uint8Array, { name } = body): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new BucketsError("BAD_REQUEST", `${name} is not valid UTF-8.`);
  }
}

/** Quotes nothing of the text: it may hold a secret. */
export function malformed(text: string, source = body): BucketsError {
  const fault = findJsonFault(text);
  invariant(fault !== undefined, "what JSON.parse refuses is no JSON");
  const { column, expected } = fault;
  const line = fault.line + source.line - 1;
  return new BucketsError(
    "BAD_REQUEST",
    `${source.name} is not valid JSON at line ${line}, column ${column}: expected ${expected}.`,
    { line, column, expected },
  );
}

export const quote = 0x22;
const backslash = 0x5c;
export const openBrace = 0x7b;
export const closeBrace = 0x7d;
export const openBracket = 0x5b;
export const closeBracket = 0x5d;
const comma = 0x2c;

/** The keys of an open object, `noKeys` while it has none, or null for an open array. */
type Level = Set<string> | null;

/** Very many objects have none: nothing is made for them, and nothing added to this. */
const noKeys = new Set<string>();

/**
 * Whether a JSON text has more values than a document may: what it would cost to parse and to look at,
 * known before either is begun. Of what is malformed it need not be right.
 */
export function hasManyValues(bytes: Uint8Array, valuesMax: number = limits.valuesMax): boolean {
  let values = 1;
  for (let at = 0; at < bytes.length && values <= valuesMax; at += 1) {
    switch (bytes[at]) {
      case quote:
        at = endOfStringBytes(bytes, at);
        break;
      case comma:
        values += 1;
        break;
      case openBrace:
      case openBracket:
        if (!isClosedNext(bytes, at + 1)) values += 1;
        break;
    }
  }
  return values > valuesMax;
}

/** The index of the closing quote. */
function endOfStringBytes(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

function isClosedNext(bytes: Uint8Array, start: number): boolean {
  let at = start;
  while (isSpace(bytes[at])) at += 1;
  return bytes[at] === closeBrace || bytes[at] === closeBracket;
}

function isSpace(code: number | undefined): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/**
 * One pass over the text for what `JSON.parse` lets through. It need not understand malformed
 * text, only stop on it: the parser will refuse that.
 */
function scan(text: string, source: JsonSource): { readonly hasMinusZero: boolean } {
  let hasMinusZero = false;
  const levels: Level[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    switch (code) {
      case quote: {
        const end = endOfString(text, at);
        const value = stringValue(text.slice(at, end));
        if (expectsKey) addKey(levels, value, source);
        expectsKey = false;
        at = end;
        continue;
      }
      case openBrace:
      case openBracket:
        levels.push(code === openBrace ? noKeys : null);
        if (levels.length > limits.jsonDepthMax) throw tooDeep();
        expectsKey = code === openBrace;
        break;
      case closeBrace:
      case closeBracket:
        levels.pop();
        expectsKey = false;
        break;
      case comma:
        expectsKey = (levels.at(-1) ?? null) !== null;
        break;
      default:
        if (startsNumber(code)) {
          const end = endOfNumber(text, at);
          if (!isShortInteger(text, at, end)) {
            const value = checkedNumber(text.slice(at, end));
            if (Object.is(value, -0)) hasMinusZero = true;
          }
          at = end;
          continue;
        }
    }
    at += 1;
  }
  return { hasMinusZero };
}

/** The index after the closing quote, or the end of the text. */
export function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === quote) return at + 1;
  }
  return text.length;
}

/** What a literal says, so that a key is the same key however it is written. */
function stringValue(literal: string): string {
  const isPlain = !literal.includes("\\");
  const value: unknown = isPlain ? literal.slice(1, -1) : JSON.parse(literal);
  return wellFormed(String(value));
}

/** Adds a key to those of the innermost object. */
function addKey(levels: Level[], key: string, { name }: JsonSource): void {
  const last = levels.length - 1;
  const known = levels[last];
  if (!known) return;
  if (known.has(key)) {
    throw new BucketsError("BAD_REQUEST", `${name} has an object with the same key twice.`);
  }
  const keys = known === noKeys ? new Set<string>() : known;
  if (known === noKeys) levels[last] = keys;
  keys.add(key);
  if (keys.size > limits.anyObjectKeysMax) throw tooManyKeys();
}

const digitsOfAnyIntegerKept = 15;

/** What every double keeps, or is no number: the commonest, so that it is not made one twice. */
export function isShortInteger(text: string, start: number, end: number): boolean {
  if (end - start > digitsOfAnyIntegerKept) return false;
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

/** What is no number is for the parser to refuse. Minus zero, which JSON text does not keep, is told. */
function checkedNumber(literal: string): number {
  const value = Number(literal);
  if (Number.isNaN(value) || isKept(literal, finiteNumber(value))) return value;
  throw new BucketsError(
    "BAD_REQUEST",
    "An integer is beyond 2^53 and would become another: send it as a string.",
  );
}

export function startsNumber(code: number): boolean {
  return code === 0x2d || (code >= 0x30 && code <= 0x39);
}

export function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && isNumberPart(text.charCodeAt(at))) at += 1;
  return at;
}

/** Digits, point, exponent and signs. */
function isNumberPart(code: number): boolean {
  const isDigit = code >= 0x30 && code <= 0x39;
  return (
    isDigit || code === 0x2e || code === 0x45 || code === 0x65 || code === 0x2b || code === 0x2d
  );
}
