/** A process that takes backups for ever, while it writes; for tests that kill it. */
import { writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openBuckets } from "./built.js";

const pauseMs = 5;

const [, , file = "", folder = ""] = process.argv;
const store = await openBuckets({ file });
const { buckets } = store.namespace();
const { results } = await buckets.list({ limit: 1 });
if (results.length === 0) {
  await buckets.create({ bucket_name: "written", bucket_schema: { properties: {} } });
}

/** Not all the time: each backup is to be restored, and what takes long is what was written. */
async function write(): Promise<never> {
  for (let n = 0; ; n += 1) {
    await buckets.patch("written", { metadata: { n } });
    await pause(pauseMs);
  }
}

async function copy(): Promise<never> {
  for (;;) {
    await store.backup(join(folder, "updated"), { update: true });
    writeSync(1, "copied\n");
  }
}

writeSync(1, "ready\n");
await Promise.all([write(), copy()]);
