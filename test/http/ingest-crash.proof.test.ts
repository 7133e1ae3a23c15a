/**
 * A thousand deliveries, some of them several times and all in disorder, to a server that is killed
 * twice: the senders try again, and each thing is one object, and each delivery is done once.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { connectBuckets, openBuckets } from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";
import { depth } from "../support/depth.js";
import { type SignedDelivery, signMux } from "../support/signers.js";

const secret = "a secret that both sides know";
const identities = depth({ smoke: 10, deep: 200 });
const deliveries = depth({ smoke: 15, deep: 700 });
const repetitions = depth({ smoke: 15, deep: 300 });
const connections = 32;
const script = fileURLToPath(new URL("../support/child-server.ts", import.meta.url));

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

async function start(file: string): Promise<Server> {
  const child = spawn(process.execPath, ["--import", "tsx", script, file, "admin-token-of-tests"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => kill(child));
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  return { child, url: String(value) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** The same disorder each time. */
function shuffled<T>(items: readonly T[]): T[] {
  let state = 42;
  const draw = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state;
  };
  return items
    .map((item) => ({ item, key: draw() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

test("a server that is killed twice takes in each delivery once", {
  timeout: 300_000,
}, async () => {
  const file = temporaryFile();
  const bucketId = await makeAdapter(file);
  const now = Date.now();
  const signed = await Promise.all(
    Array.from({ length: deliveries }, (_, index) => {
      const data = { id: `asset-${index % identities}`, title: `title ${index}` };
      const body = { type: "video.asset.ready", id: `evt-${index}`, data };
      return signMux(secret, JSON.stringify(body), now);
    }),
  );
  const waiting = shuffled([...signed, ...signed.slice(0, repetitions)]);
  const answered: string[] = [];
  let server = start(file);
  let kills = 0;

  async function killAt(count: number): Promise<void> {
    if (kills >= 2 || answered.length < count * (kills + 1)) return;
    kills += 1;
    const { child } = await server;
    server = kill(child).then(() => start(file));
    await server;
  }

  async function sendUntilAnswered(delivery: SignedDelivery): Promise<void> {
    for (;;) {
      const { url } = await server;
      try {
        const path = `${url}/v1/ingest/${bucketId}`;
        const answer = await fetch(path, { ...delivery, method: "POST" });
        expect(answer.status).toBe(202);
        answered.push(await answer.text());
        return;
      } catch (error) {
        // The connection broke with the server: a sender tries again.
        if (!(error instanceof TypeError)) throw error;
      }
    }
  }

  async function work(): Promise<void> {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      await sendUntilAnswered(next);
      await killAt(Math.floor((deliveries + repetitions) * 0.3));
    }
  }
  await Promise.all(Array.from({ length: connections }, work));
  await kill((await server).child);
  expect(kills).toBe(2);
  expect(answered).toHaveLength(deliveries + repetitions);

  await using store = await openBuckets({ file });
  const namespace = store.namespace();
  const { stats } = await namespace.objects(bucketId).list();
  expect(stats.total_objects).toBe(identities);
  const adapter = namespace.sourceAdapter(bucketId);
  const { counts, results } = await adapter.deliveries({ limit: 1_000 });
  expect(counts).toEqual({ accepted: deliveries, ignored: 0, failed: 0 });
  expect(new Set(results.map(({ sender_id }) => sender_id)).size).toBe(deliveries);
  expect(results.every(({ attempt }) => attempt === 1)).toBe(true);
  // The bucket, and two events for each delivery: that of its object, and its own.
  expect((await store.head()).position).toBe(1 + 2 * deliveries);
  expect((await store.verify()).ok).toBe(true);
});

test("a window that was open when the server was killed is submitted by the next one, once", async () => {
  const file = temporaryFile();
  const bucketId = await makeAdapter(file, { mode: "time_window", window_seconds: 2 });
  const first = await start(file);
  const event = { type: "video.asset.ready", id: "evt-1", data: { id: "asset-1", title: "a" } };
  const delivery = await signMux(secret, JSON.stringify(event), Date.now());
  const sent = await fetch(`${first.url}/v1/ingest/${bucketId}`, { ...delivery, method: "POST" });
  expect(sent.status).toBe(202);
  await kill(first.child);
  const second = await start(file);
  const client = connectBuckets({ baseUrl: second.url, token: "admin-token-of-tests" });
  const feed = client.events({ types: ["batch.submitted"] });
  const page = await feed.page({ waitMs: 20_000 });
  expect(page?.results).toHaveLength(1);
  const batches = client.namespace().batches(bucketId);
  expect((await batches.list()).results).toMatchObject([{ status: "PENDING" }]);
  await client.close();
  await kill(second.child);
  await using store = await openBuckets({ file });
  expect(await store.closeWindows()).toBe(0);
  const submitted = await store.events({ types: ["batch.submitted"] }).page({ limit: 10 });
  expect(submitted?.results).toHaveLength(1);
});

async function makeAdapter(file: string, batching?: object): Promise<string> {
  await using store = await openBuckets({ file });
  const { bucket } = await store.namespace().buckets.create({
    bucket_name: "videos",
    bucket_schema: { properties: { title: { type: "string" } } },
    source_adapter: {
      adapter_type: "mux",
      webhook_secret: secret,
      field_mapping: { title: "data.title" },
      ...(batching && { batching }),
    },
  });
  return bucket.bucket_id;
}
