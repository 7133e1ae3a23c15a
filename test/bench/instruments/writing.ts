/** Writers for those who measure what goes on beside them. */
import type { EmbeddedStore } from "../../../src/index.js";
import { quantile } from "../statistics.js";

const buckets = 1_000;
const operationsMax = 100;

const nameOf = (n: number) => `bucket-${n % buckets}`;
const patchOf = (n: number) => ({ metadata: { n, text: "x".repeat(200) } });

/** A log of so many events: creations, then patches. */
export async function fill(store: EmbeddedStore, count: number): Promise<void> {
  const properties = {};
  for (let first = 0; first < count; first += operationsMax) {
    const numbers = Array.from({ length: operationsMax }, (_, index) => first + index);
    await store
      .namespace()
      .transaction(
        numbers.map((n) =>
          n < buckets
            ? { type: "create", body: { bucket_name: nameOf(n), bucket_schema: { properties } } }
            : { type: "patch", bucket: nameOf(n), patch: patchOf(n) },
        ),
      );
  }
}

export interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly seconds: number;
}

/** What the writers did until `during` was over. */
export async function measured(
  store: EmbeddedStore,
  writers: number,
  during: Promise<unknown>,
): Promise<Measured> {
  const { buckets } = store.namespace();
  const latencies: number[] = [];
  let isOver = false;
  const began = performance.now();
  const writing = Array.from({ length: writers }, async (_, writer) => {
    for (let n = writer; !isOver; n += writers) {
      const started = performance.now();
      await buckets.patch(nameOf(n), patchOf(n));
      latencies.push(performance.now() - started);
    }
  });
  await during;
  isOver = true;
  await Promise.all(writing);
  const seconds = (performance.now() - began) / 1_000;
  const sorted = latencies.toSorted((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    seconds,
  };
}

/** @returns seconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}

export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
