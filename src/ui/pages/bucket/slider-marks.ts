/** Where years, or months, begin on a line of time, so that a moment is found without trying. */

export interface Mark {
  /** From 0, the beginning of the line, to 1, its end. */
  readonly place: number;
  readonly label: string;
}

const month = new Intl.DateTimeFormat("en-GB", { month: "short" });

const marksMax = 14;
/** Nearer to the ends a label would run into those that stand there. */
const margin = 0.04;

/** @param from milliseconds, as `to`. Months where there are few, else quarters, else years. */
export function marksOf(from: number, to: number): readonly Mark[] {
  for (const step of [1, 3, 12, 60, 120]) {
    const starts = startsOf(from, to, step);
    if (starts.length > marksMax) continue;
    return starts.flatMap((start) => {
      const place = (start.getTime() - from) / (to - from);
      return place < margin || place > 1 - margin ? [] : [{ place, label: labelOf(start) }];
    });
  }
  return [];
}

/** The first days of every so many months. */
function startsOf(from: number, to: number, months: number): readonly Date[] {
  const starts: Date[] = [];
  const first = new Date(from);
  const begin = Math.ceil((first.getFullYear() * 12 + first.getMonth() + 1) / months) * months;
  for (let at = begin; starts.length <= marksMax; at += months) {
    const start = new Date(Math.floor(at / 12), at % 12);
    if (start.getTime() > to) break;
    starts.push(start);
  }
  return starts;
}

function labelOf(start: Date): string {
  return start.getMonth() === 0 ? String(start.getFullYear()) : month.format(start);
}
