// Makes a file of a thousand events, and reads one of them back.
import { openBuckets } from "bucketlog";

const store = await openBuckets({ file: "thousand.db", durability: "relaxed" });
try {
  const { buckets } = store.namespace();
  await buckets.create({ bucket_name: "packed", bucket_schema: { properties: {} } });
  for (let version = 2; version <= 1_000; version += 1) {
    await buckets.patch("packed", { description: `version ${version}` });
  }
  const { bucket } = await buckets.get("packed", { asOf: "500" });
  console.log(bucket.description);
} finally {
  await store.close();
}
