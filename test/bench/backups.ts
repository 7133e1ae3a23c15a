/**
 * What a backup costs those who write meanwhile: eight writers before, while and after one is taken,
 * in one run. Steps are told apart, because copying and proving ask for different things.
 *
 *     node --import tsx test/bench/backups.ts [events] [writers]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBuckets } from "../../src/index.js";
import { quantile } from "./statistics.js";

const events = Number(process.argv[2] ?? 200_000);
const writers = Number(process.argv[3] ?? 8);
const baselineMs = 15_000;
const operationsMax = 100;

const folder = mkdtempSync(join(tmpdir(), "bucketlog-bench-"));
const store = await openBuckets({ file: join(folder, "store.db") });
const namespace = store.namespace();
const nameOf = (n: number) => `bucket-${n % 1_000}`;
const patchOf = (n: number) => ({ metadata: { n, text: "x".repeat(200) } });

async function fill(): Promise<void> {
  for (let n = 0; n < 1_000; n += 1) {
    await namespace.buckets.create({ bucket_name: nameOf(n), bucket_schema: { properties: {} } });
  }
  let next = 1_000;
  const filling = Array.from({ length: 8 }, async () => {
    while (next < events) {
      const first = next;
      next += operationsMax;
      await namespace.transaction(
        Array.from({ length: operationsMax }, (_, index) => ({
          type: "patch" as const,
          bucket: nameOf(first + index),
          patch: patchOf(first + index),
        })),
      );
    }
  });
  await Promise.all(filling);
}

interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly writes: number;
}

/** What the writers did until `during` was over. */
async function measure(during: Promise<unknown>): Promise<Measured> {
  const latencies: number[] = [];
  let isOver = false;
  const began = performance.now();
  const writing = Array.from({ length: writers }, async (_, writer) => {
    for (let n = writer; !isOver; n += writers) {
      const started = performance.now();
      await namespace.buckets.patch(nameOf(n), patchOf(n));
      latencies.push(performance.now() - started);
    }
  });
  await during;
  isOver = true;
  await Promise.all(writing);
  const seconds = (performance.now() - began) / 1_000;
  const sorted = latencies.toSorted((a, b) => a - b);
  return {
    perSecond: Math.round(latencies.length / seconds),
    p50: Math.round(quantile(sorted, 0.5) * 10) / 10,
    p99: Math.round(quantile(sorted, 0.99) * 10) / 10,
    writes: latencies.length,
  };
}

const wait = () => new Promise((resolve) => setTimeout(resolve, baselineMs));

try {
  await fill();
  const before = await measure(wait());
  const copying = store.backup(join(folder, "copied"), { verify: false });
  const copied = await measure(copying);
  const between = await measure(wait());
  const proving = store.backup(join(folder, "proved"));
  const proved = await measure(proving);
  const after = await measure(wait());
  const alone = (before.perSecond + between.perSecond + after.perSecond) / 3;
  const ratioOf = ({ perSecond }: Measured) => Math.round((perSecond / alone) * 100) / 100;
  process.stdout.write(
    `${JSON.stringify(
      {
        events,
        writers,
        before,
        between,
        after,
        copied: { ...copied, ratio: ratioOf(copied), report: await copying },
        proved: { ...proved, ratio: ratioOf(proved), report: await proving },
      },
      undefined,
      2,
    )}\n`,
  );
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}
