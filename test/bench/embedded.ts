/**
 * The embedded library against a bare loop of better-sqlite3 that writes the same rows, durably, in
 * transactions of the same size. Runs in a process of its own and sends one measurement per message.
 */
import { randomBytes } from "node:crypto";
import Database from "better-sqlite3";
import { z } from "zod";
import { openBuckets } from "./built.js";
import { mediaType, patchOf, seed } from "./workload.js";

const [folder = ".", rounds = "1", roundMs = "1000", ...callers] = process.argv.slice(2);

const file = `${folder}/embedded.db`;
const store = await openBuckets({ file });
const ids = await seed(store);
const { buckets } = store.namespace();
let turn = 0;
await patchOnce();
const bare = await openBare(`${folder}/bare.db`);

for (let round = 0; round < Number(rounds); round += 1) {
  for (const count of callers.map(Number)) {
    process.send?.({ name: "store", load: count, ...(await measureStore(count)) });
    process.send?.({ name: "bare", load: count, ...measureBare(count) });
  }
}
await store.close();
bare.close();
process.disconnect();

async function patchOnce(): Promise<void> {
  turn += 1;
  await buckets.patch(ids[turn % ids.length] ?? "", patchOf(turn), { mediaType });
}

async function measureStore(count: number) {
  const latencies: number[] = [];
  const started = performance.now();
  const until = started + Number(roundMs);
  const call = async () => {
    for (let now = performance.now(); now < until; ) {
      await patchOnce();
      const then = now;
      now = performance.now();
      latencies.push(now - then);
    }
  };
  await Promise.all(Array.from({ length: count }, call));
  return summary(latencies, performance.now() - started);
}

function measureBare(count: number) {
  const latencies: number[] = [];
  const started = performance.now();
  const until = started + Number(roundMs);
  for (let now = started; now < until; ) {
    bare.write(count);
    const then = now;
    now = performance.now();
    for (let index = 0; index < count; index += 1) latencies.push(now - then);
  }
  return summary(latencies, performance.now() - started);
}

function summary(latencies: number[], elapsedMs: number) {
  const sorted = latencies.sort((a, b) => a - b);
  return {
    perSecond: (sorted.length / elapsedMs) * 1_000,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
  };
}

/** The loop that somebody would write by hand: the rows are given, nothing is decided or hashed. */
async function openBare(bareFile: string) {
  const emptied = await openBuckets({ file: bareFile });
  const bareIds = await seed(emptied);
  await emptied.close();
  const [event, bucket] = sampleRows();
  const db = new Database(bareFile);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  // As the store has it, so that only the code differs.
  db.pragma("wal_autocheckpoint = 8000");
  const names = Object.keys(event);
  const pointers = changedPointers(event);
  const insert = db.prepare(
    `INSERT INTO events (${names.join(", ")}) VALUES (${names.map((name) => `@${name}`).join(", ")})`,
  );
  const putState = db.prepare(
    `INSERT INTO buckets (bucket_id, namespace, created_at, version, position, is_deleted, state)
     VALUES (@bucket_id, @namespace, @created_at, @version, @position, @is_deleted, @state)
     ON CONFLICT (bucket_id) DO UPDATE SET
       version = excluded.version, position = excluded.position, state = excluded.state`,
  );
  const putBlame = db.prepare(
    `INSERT INTO blame (stream, pointer, position) VALUES (?, ?, ?)
     ON CONFLICT (stream, pointer) DO UPDATE SET position = excluded.position`,
  );
  const setHead = db.prepare("UPDATE head SET position = ?, hash = ?, recorded_at = ?");
  let position = bareIds.length;
  const write = db.transaction((count: number) => {
    for (let index = 0; index < count; index += 1) {
      position += 1;
      const id = bareIds[position % bareIds.length];
      const version = 1 + Math.ceil(position / bareIds.length);
      insert.run({ ...event, position, stream: id, bucket_id: id, version });
      putState.run({ ...bucket, bucket_id: id, version, position });
      for (const pointer of pointers) putBlame.run(id, pointer, position);
    }
    setHead.run(position, randomBytes(32), Date.now());
  });
  return { write: write.immediate, close: () => db.close() };
}

/** The leaves that one patch of the workload sets. */
function changedPointers(event: Readonly<Record<string, unknown>>): readonly string[] {
  const Body = z.object({ changes: z.array(z.object({ path: z.string() })) });
  return Body.parse(JSON.parse(String(event["body"]))).changes.map(({ path }) => path);
}

/** The rows of one patch as the store wrote them. */
function sampleRows() {
  const Row = z.record(z.string(), z.unknown());
  const db = new Database(file, { readonly: true });
  const event = db.prepare("SELECT * FROM events ORDER BY position DESC LIMIT 1").get();
  const bucket = db.prepare("SELECT * FROM buckets ORDER BY position DESC LIMIT 1").get();
  db.close();
  return [Row.parse(event), Row.parse(bucket)] as const;
}
