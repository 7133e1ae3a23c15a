/** A moment as people say it, with the whole of it on hover. */
import { Cell, useCell } from "../cell.js";

const tickMs = 15_000;
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** The time that what is shown is told from; it goes on by itself. */
const now = new Cell(Date.now());
setInterval(() => now.set(Date.now()), tickMs);

interface TimeProps {
  /** Milliseconds, or as the server writes it. */
  readonly at: number | string;
  /** The date and time instead of how long ago it is. */
  readonly isExact?: boolean;
}

export function Time({ at, isExact = false }: TimeProps) {
  const shownAt = useCell(now);
  const date = new Date(at);
  return (
    <time dateTime={date.toISOString()} title={wholeTime(date)}>
      {isExact ? exactTime(date) : relativeTime(date.getTime(), Math.max(shownAt, Date.now()))}
    </time>
  );
}

const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const longDay = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
});
const exact = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});
const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

/** `just now`, `5 min ago`, `2 h ago`, `3 May`, `3 May 2025`. */
function relativeTime(time: number, from: number): string {
  const ago = from - time;
  if (ago < -minute) return exactTime(new Date(time));
  if (ago < minute) return "just now";
  if (ago < hour) return `${Math.floor(ago / minute)} min ago`;
  if (ago < day) return `${Math.floor(ago / hour)} h ago`;
  const isSameYear = new Date(time).getFullYear() === new Date(from).getFullYear();
  return (isSameYear ? shortDay : longDay).format(time);
}

/** `12 Oct 2026, 11:30` */
export function exactTime(date: Date): string {
  return exact.format(date);
}

/** A moment of an address in words: a time as people write it, a version or position as it is. */
export function momentWords(moment: string): string {
  const date = new Date(moment);
  const isTime = /^\d{4}-/.test(moment) && !Number.isNaN(date.getTime());
  return isTime ? exactTime(date) : moment;
}

function wholeTime(date: Date): string {
  return `${whole.format(date)}, ${date.toISOString()}`;
}
