/**
 * Random bytes, and the ids that are made with them. Bytes are drawn from the system many at a
 * time, because drawing one costs as much as drawing thousands; none is ever given out twice.
 */
import { randomBytes } from "node:crypto";
import { monotonicFactory } from "ulid";

const poolBytes = 4_096;

/** Of any number of bytes. */
export function randomPool(): (size: number) => Uint8Array {
  const draw = drawing();
  return (size) => draw(size, (pool, at) => pool.subarray(at, at + size));
}

/** The same as hexadecimal text, of twice as many letters. */
export function randomHexPool(): (size: number) => string {
  const draw = drawing();
  return (size) => draw(size, (pool, at) => pool.toString("hex", at, at + size));
}

function drawing(): <T>(size: number, take: (pool: Buffer, at: number) => T) => T {
  let pool = Buffer.alloc(0);
  let next = 0;
  return (size, take) => {
    if (pool.length - next < size) {
      pool = randomBytes(Math.max(size, poolBytes));
      next = 0;
    }
    next += size;
    return take(pool, next - size);
  };
}

/** Ids that sort by the time they were made: a prefix and a ULID in lower case. */
export function idFactory(clock: () => number): (prefix: string) => string {
  const draw = randomPool();
  const ulid = monotonicFactory(() => (draw(1)[0] ?? 0) / 256);
  return (prefix) => `${prefix}_${ulid(clock()).toLowerCase()}`;
}
