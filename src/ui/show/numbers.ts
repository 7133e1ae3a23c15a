/** Numbers as people read them. */

const grouped = new Intl.NumberFormat("en-GB");
const units = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

export function count(value: number): string {
  return grouped.format(value);
}

/** `1 event`, `1,204 events` */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** `41.9 GB` */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
