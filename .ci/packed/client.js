// The client, where neither engine nor server libraries are installed.
import { connectBuckets } from "bucketlog/client";

const [baseUrl, token] = process.argv.slice(2);
const store = connectBuckets({ baseUrl, token });
const { buckets } = store.namespace();
const { version } = await buckets.patch("packed", { description: "by the client" });
for await (const { type } of store.events({ after: 1 })) {
  console.log(version, type, (await store.verify()).ok);
  break;
}
await store.close();
