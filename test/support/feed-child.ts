/**
 * A server in a process of its own, to be killed: `feed-child.ts FILE PORT EVENTS`. It prints its
 * address, and then makes events, many callers at a time, until the log holds so many.
 */
import { writeSync } from "node:fs";
import { pino } from "pino";
import { isBucketsError } from "../../src/domain/errors.js";
import { serveStore } from "../../src/http/index.js";
import { openBuckets } from "../../src/index.js";

const [, , file = "", port = "0", events = "0"] = process.argv;
const callers = 50;

async function run(): Promise<void> {
  const store = await openBuckets<unknown>({ file, durability: "relaxed" });
  const server = await serveStore({
    store,
    host: "127.0.0.1",
    port: Number(port),
    logger: pino({ level: "silent" }),
    noAuth: true,
    feedTimes: { retryMs: 10, heartbeatMs: 100 },
  });
  writeSync(1, `${server.url}\n`);
  const { buckets } = store.namespace();
  try {
    await buckets.create({ bucket_name: "videos", bucket_schema: { properties: {} } });
  } catch (error) {
    if (!isBucketsError(error) || error.code !== "ALREADY_EXISTS") throw error;
  }
  for (;;) {
    const { position } = await store.head();
    const count = Math.min(callers, Number(events) - position);
    if (count <= 0) return;
    await Promise.all(
      Array.from({ length: count }, (_, n) =>
        buckets.patch("videos", { description: `${position + n}` }),
      ),
    );
  }
}

await run();
