/** Calendar arithmetic for groups: parts and beginnings of times, all in UTC. */
import type { JsonValue } from "../json.js";
import { timestamp } from "../schemas.js";

export const truncUnits = [
  "year",
  "quarter",
  "month",
  "week",
  "day",
  "hour",
  "minute",
  "second",
] as const;
export type TruncUnit = (typeof truncUnits)[number];

/** In the spelling of the hosted API; `quarter` is ours. */
export const partUnits = [
  "year",
  "quarter",
  "month",
  "week",
  "day",
  "dayOfWeek",
  "dayOfYear",
  "hour",
  "minute",
  "second",
] as const;
export type PartUnit = (typeof partUnits)[number];

/** The time that a value says as in RFC 3339, a day alone included; null for any other value. */
export function timeOf(value: JsonValue | undefined): Date | null {
  const parsed = timestamp.safeParse(value);
  return parsed.success ? new Date(parsed.data) : null;
}

/** The beginning of the unit that the time lies in, as it is answered. Weeks begin on Monday. */
export function truncated(time: Date, unit: TruncUnit): string {
  const start = new Date(time);
  switch (unit) {
    case "second":
      start.setUTCMilliseconds(0);
      return start.toISOString();
    case "minute":
      start.setUTCSeconds(0, 0);
      return start.toISOString();
    case "hour":
      start.setUTCMinutes(0, 0, 0);
      return start.toISOString();
    case "day":
      break;
    case "week":
      start.setUTCDate(start.getUTCDate() - daysSinceMonday(start));
      break;
    case "month":
      start.setUTCDate(1);
      break;
    case "quarter":
      start.setUTCMonth(start.getUTCMonth() - (start.getUTCMonth() % 3), 1);
      break;
    case "year":
      start.setUTCMonth(0, 1);
      break;
  }
  start.setUTCHours(0, 0, 0, 0);
  return start.toISOString();
}

/** `week` is that of ISO 8601 (1 to 53); `dayOfWeek` counts from 1 for Sunday to 7. */
export function partOf(time: Date, unit: PartUnit): number {
  switch (unit) {
    case "year":
      return time.getUTCFullYear();
    case "quarter":
      return Math.floor(time.getUTCMonth() / 3) + 1;
    case "month":
      return time.getUTCMonth() + 1;
    case "week":
      return isoWeek(time);
    case "day":
      return time.getUTCDate();
    case "dayOfWeek":
      return time.getUTCDay() + 1;
    case "dayOfYear":
      return dayOfYear(time);
    case "hour":
      return time.getUTCHours();
    case "minute":
      return time.getUTCMinutes();
    case "second":
      return time.getUTCSeconds();
  }
}

const dayMs = 24 * 60 * 60 * 1000;

function daysSinceMonday(time: Date): number {
  return (time.getUTCDay() + 6) % 7;
}

function dayOfYear(time: Date): number {
  const yearStart = Date.parse(truncated(time, "year"));
  return Math.floor((time.getTime() - yearStart) / dayMs) + 1;
}

/** A week belongs to the year that its Thursday is in. */
function isoWeek(time: Date): number {
  const thursday = new Date(time);
  thursday.setUTCDate(time.getUTCDate() - daysSinceMonday(time) + 3);
  return Math.ceil(dayOfYear(thursday) / 7);
}
