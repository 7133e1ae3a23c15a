/**
 * The values of a payload in the types of a bucket's schema, where nothing is lost by it: senders
 * write numbers as text and times as seconds. What has the type already is as it was.
 */
import { z } from "zod";
import type { JsonValue } from "../json.js";
import { timestamp } from "../schemas.js";

/** The value in a type, or undefined when it cannot be it without loss. */
export function coerced(value: JsonValue, type: string): JsonValue | undefined {
  if (value === null) return null;
  switch (type) {
    case "string":
    case "text":
    case "uuid":
      return toText(value);
    case "number":
    case "float":
      return toNumber(value);
    case "integer":
      return toInteger(value);
    case "boolean":
      return toBoolean(value);
    case "date":
      return toDay(value);
    case "datetime":
      return toTime(value);
    default:
      // Arrays, objects and blobs have no other spelling; the schema judges them.
      return value;
  }
}

function toText(value: JsonValue): string | undefined {
  return typeof value === "object" ? undefined : String(value);
}

const numberText = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function toNumber(value: JsonValue): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || !numberText.test(value)) return undefined;
  const number = Number(value);
  return isExact(number, value) ? number + 0 : undefined;
}

/** Digits that a double drops are a loss: a number is taken when it says as much as its text. */
function isExact(number: number, text: string): boolean {
  return digitsOf(String(number)) === digitsOf(text);
}

/** The significant digits and the power of ten of the last, with its sign: one text for a number. */
function digitsOf(text: string): string {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return "0";
  const significant = digits.replace(/0+$/, "");
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${text.startsWith("-") ? "-" : ""}${significant}e${power}`;
}

function toInteger(value: JsonValue): number | undefined {
  const number = toNumber(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

function toBoolean(value: JsonValue): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (value === "true") return true;
  return value === "false" ? false : undefined;
}

/** A day, or the time at which one begins in UTC. */
function toDay(value: JsonValue): string | undefined {
  if (typeof value === "string" && isDay(value)) return value;
  const [day, rest] = timestamp.safeParse(toTime(value)).data?.split("T") ?? [];
  return rest === "00:00:00.000Z" ? day : undefined;
}

function isDay(text: string): boolean {
  return z.iso.date().safeParse(text).success;
}

/** RFC 3339 stays as it is written; whole seconds since 1970 become it, also as text. */
function toTime(value: JsonValue): string | undefined {
  const time = timestamp.safeParse(value);
  if (typeof value === "string" && time.success) return isDay(value) ? time.data : value;
  const seconds = toInteger(value);
  if (seconds === undefined || Math.abs(seconds) > secondsMax) return undefined;
  return new Date(seconds * 1000).toISOString();
}

/** The year 5138: what is beyond was meant in milliseconds, and taking it would be a guess. */
const secondsMax = 100_000_000_000;
