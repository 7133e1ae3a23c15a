/** How long, and how long ago: `2h` and `-2h` on the command line. */

const unitMs = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;

/** How long `2h` is, in milliseconds; undefined for any other text. */
export function parseSpanMs(text: string): number | undefined {
  const [, count, name] = /^([0-9]{1,6})([smhdw])$/.exec(text) ?? [];
  const unit = Object.entries(unitMs).find(([letter]) => letter === name);
  return unit && Number(count) * unit[1];
}

/** `-2h` as the time that it stands for now; every other text as it is. */
export function resolveAgo(text: string): string {
  const ms = text.startsWith("-") ? parseSpanMs(text.slice(1)) : undefined;
  return ms === undefined ? text : new Date(Date.now() - ms).toISOString();
}
