// The library in worker threads, one after the other: the first closes its store, the second ends
// with it open, the third finds what both have written.
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { openBuckets } from "bucketlog";

async function work({ turn, closes }) {
  const store = await openBuckets({ file: "worker.db" });
  try {
    await store.namespace().buckets.create({
      bucket_name: `bucket ${turn}`,
      bucket_schema: { properties: {} },
    });
    const { ok, events } = await store.verify();
    if (!ok || events !== turn) throw new Error(`${events} events in turn ${turn}: ${ok}`);
  } finally {
    if (closes) await store.close();
  }
  process.exit();
}

function run(data) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: data });
    worker.once("error", reject);
    worker.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`exit ${code}`))));
  });
}

if (isMainThread) {
  for (const turn of [1, 2, 3]) await run({ turn, closes: turn !== 2 });
  console.log("three workers");
} else {
  await work(workerData);
}
