/** Serves one PATCH with an instrumented build and writes down what its probes told. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import pino from "pino";
import { WalkCounter } from "../instruments/walk-counter.js";
import { bucketOf, mediaType, patchOf } from "../workload.js";
import { serveTasks } from "./tasks.js";

const [dist = "", report = "", file = ""] = process.argv.slice(2);
const counter = new WalkCounter();
Object.assign(globalThis, { walk: counter });
const built = (path: string) => import(pathToFileURL(join(dist, path)).href);
const { openBuckets }: typeof import("../../../src/index.js") = await built("index.js");
const { serveStore }: typeof import("../../../src/http/index.js") = await built("http/index.js");

const warming = 20;
const token = "bkl_a-token-for-the-walk";

async function walk(): Promise<void> {
  const store = await openBuckets<unknown>({ file });
  store.tokens.accept(token);
  const logger = pino({ level: "silent" });
  const server = await serveStore({ store, logger, host: "127.0.0.1", port: 0 });
  const { bucket } = await store.namespace().buckets.create(bucketOf(1));
  const patch = async (turn: number) => {
    const response = await fetch(`${server.url}/v1/buckets/${bucket.bucket_name}`, {
      method: "PATCH",
      headers: { authorization: `Bearer ${token}`, "content-type": mediaType },
      body: JSON.stringify(patchOf(turn)),
    });
    if (!response.ok) throw new Error(await response.text());
    await response.arrayBuffer();
  };
  // What the first ones alone do, such as filling caches, is no part of the way.
  for (let turn = 1; turn <= warming; turn += 1) await patch(turn);
  counter.isOn = true;
  await patch(warming + 1);
  counter.isOn = false;
  writeFileSync(report, JSON.stringify(counter.report()));
  await server.close();
  await store.close();
}

serveTasks({
  walk: async () => {
    await walk();
    return {};
  },
  close: () => ({}),
});
