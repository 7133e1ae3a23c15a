/** Moments as people write them: `12`, `v12`, `@1234`, `3 May 14:05`, `2 h ago`. */

const units: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const ago = /^(\d+)\s*(s|sec(?:ond)?s?|m|min(?:ute)?s?|h|hours?|d|days?|w|weeks?)(?:\s+ago)?$/i;

/**
 * The moment as `as_of` takes it, or undefined for what is none.
 * @param now milliseconds.
 */
export function parseMoment(text: string, now: number): string | undefined {
  const trimmed = text.trim();
  const version = /^v?([1-9]\d*)$/i.exec(trimmed)?.[1];
  if (version !== undefined) return version;
  if (/^@[1-9]\d*$/.test(trimmed)) return trimmed;
  const [, amount, unit] = ago.exec(trimmed) ?? [];
  const unitMs = units[unit?.[0]?.toLowerCase() ?? ""];
  if (unitMs !== undefined) return new Date(now - Number(amount) * unitMs).toISOString();
  if (!/\d/.test(trimmed)) return undefined;
  const hasYear = /\d{4}/.test(trimmed);
  const time = Date.parse(hasYear ? trimmed : withYear(trimmed, now));
  if (Number.isNaN(time)) return undefined;
  return new Date(time).toISOString();
}

/** `3 May 14:05` is of this year, or of the last one where it would be in the future. */
function withYear(text: string, now: number): string {
  const year = new Date(now).getFullYear();
  const [, day = text, time = ""] = /^(.*?)(\s+\d{1,2}:\d{2}.*)?$/.exec(text) ?? [];
  const ofThisYear = `${day} ${year}${time}`;
  return Date.parse(ofThisYear) > now ? `${day} ${year - 1}${time}` : ofThisYear;
}
