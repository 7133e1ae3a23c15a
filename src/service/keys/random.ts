/**
 * Random bytes, and the ids that are made with them. Bytes are drawn from the system many at a
 * time, because drawing one costs as much as drawing thousands; none is ever given out twice.
 */
import { randomBytes } from "node:crypto";
import { monotonicFactory } from "ulid";

const poolBytes = 4_096;

export function randomPool(): (size: number) => Uint8Array {
  let pool: Uint8Array = new Uint8Array();
  return (size) => {
    if (pool.length < size) pool = randomBytes(Math.max(size, poolBytes));
    const drawn = pool.subarray(0, size);
    pool = pool.subarray(size);
    return drawn;
  };
}

/** Ids that sort by the time they were made: a prefix and a ULID in lower case. */
export function idFactory(clock: () => number): (prefix: string) => string {
  const draw = randomPool();
  const ulid = monotonicFactory(() => (draw(1)[0] ?? 0) / 256);
  return (prefix) => `${prefix}_${ulid(clock()).toLowerCase()}`;
}
