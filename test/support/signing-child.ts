/** Writes and signs until it is killed; each note is a line, once it may be shown. */
import { openBuckets } from "./built.js";

const [, , file = ""] = process.argv;
const store = await openBuckets({ file, durability: "relaxed" });
const { buckets } = store.namespace();
const { total_count: count } = await buckets.list({ limit: 1 });
if (count === 0) await buckets.create({ bucket_name: "films", bucket_schema: { properties: {} } });
for (let n = 0; ; n += 1) {
  await buckets.patch("films", { metadata: { n } });
  const { note } = await store.proofs.sign();
  process.stdout.write(`${JSON.stringify(note)}\n`);
}
