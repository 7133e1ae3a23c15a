/**
 * Goal: what is kept of the buckets of a namespace is what a count of them gives, however events are grouped
 * into commits, and whatever the log says: also of objects in buckets that are deleted, or that nobody
 * made, as a log with events that cannot be read may. Method: random events with a fixed seed, applied
 * in random commits to both engines, and a count that shares no code with them.
 */
import Database from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { BucketEvent } from "../../src/domain/bucket/events.js";
import type { RecordedEvent } from "../../src/domain/event.js";
import type { ObjectEvent } from "../../src/domain/object/events.js";
import {
  type AppliedEvent,
  applied,
  type BlamedState,
  isDeleted,
  type ResourceState,
} from "../../src/domain/resource.js";
import { MemoryView } from "../../src/engines/memory/view.js";
import { migrate } from "../../src/engines/sqlite/migrate.js";
import { SqliteReadView, SqliteView } from "../../src/engines/sqlite/view.js";
import type { View } from "../../src/projections/view.js";
import { seed } from "../domain/arbitraries.js";

const namespaces = ["one", "two"] as const;
/** As much as three objects of a bucket may have, and four have more together than an integer of SQLite. */
const sizes = [0, 1, 7, 2 ** 61];
const integerMax = 2n ** 63n - 1n;

interface Step {
  readonly bucket: number;
  /** In it; undefined for the bucket itself. */
  readonly object: number | undefined;
  readonly size: number;
  readonly isAway: boolean;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  bucket: fc.integer({ min: 0, max: 3 }),
  object: fc.option(fc.integer({ min: 0, max: 2 }), { freq: 2 }).map((one) => one ?? undefined),
  size: fc.constantFrom(...sizes),
  isAway: fc.boolean(),
});

const namespaceOf = (bucket: number) => namespaces[bucket % 2 === 0 ? 0 : 1];
const idOf = (prefix: string, number: number) => `${prefix}_${String(number).padStart(26, "0")}`;

function bucketEvent(step: Step, before: ResourceState | undefined): BucketEvent {
  if (before === undefined) {
    const value = `bucket ${step.bucket}`;
    const changes = [{ op: "add", path: "/bucket_name", value } as const];
    return { type: "bucket.created", data: { changes } };
  }
  if (isDeleted(before)) return { type: "bucket.restored", data: { changes: [] } };
  if (!step.isAway) return { type: "bucket.archived", data: {} };
  return { type: "bucket.deleted", data: { task_id: idOf("task", step.bucket) } };
}

function objectEvent({ size, isAway }: Step, before: ResourceState | undefined): ObjectEvent {
  const value = [{ blob_id: "blob_1", details: { size_bytes: size } }];
  if (before === undefined) {
    return { type: "object.created", data: { changes: [{ op: "add", path: "/blobs", value }] } };
  }
  if (isDeleted(before)) return { type: "object.restored", data: { changes: [] } };
  if (isAway) return { type: "object.deleted", data: {} };
  const was = before.kind === "object" ? (before.document["blobs"] ?? null) : null;
  const changes = [{ op: "replace", path: "/blobs", value, was } as const];
  return { type: "object.patched", data: { media_type: "application/json", changes } };
}

/** The making of it cannot be read: there are only events of what is in it. */
const unmadeBucket = 3;

/** A bucket is made before anything is in it. */
function asTold(steps: readonly Step[]): readonly Step[] {
  const made = new Set<number>([unmadeBucket]);
  return steps.flatMap((step) => {
    const { bucket, object } = step;
    if (bucket === unmadeBucket && object === undefined) return [];
    const isMade = made.has(bucket);
    made.add(bucket);
    return [isMade ? step : { ...step, object: undefined }];
  });
}

function eventsOf(steps: readonly Step[]): AppliedEvent[] {
  const folded = new Map<string, BlamedState>();
  return asTold(steps).map((step, index) => {
    const { bucket, object } = step;
    const bucketId = idOf("bkt", bucket);
    const stream = object === undefined ? bucketId : idOf("obj", bucket * 10 + object);
    const before = folded.get(stream)?.state;
    const recorded: RecordedEvent = {
      position: index + 1,
      stream,
      version: (before?.version ?? 0) + 1,
      namespace: namespaceOf(bucket),
      bucketId,
      eventId: `evt_${index}`,
      transactionId: undefined,
      recordedAt: Date.parse("2026-10-01T00:00:00.000Z") + index,
      meta: { actor: "a", request_id: "r" },
      event: object === undefined ? bucketEvent(step, before) : objectEvent(step, before),
    };
    const made = applied(folded.get(stream), recorded);
    folded.set(stream, { state: made.after, blame: made.blame });
    return made;
  });
}

/** Cuts the events into commits; every number is the length of one. */
function commitsOf(events: readonly AppliedEvent[], lengths: readonly number[]) {
  const commits: (readonly AppliedEvent[])[] = [];
  let from = 0;
  for (const length of lengths) {
    commits.push(events.slice(from, from + length));
    from += length;
  }
  return [...commits, events.slice(from)].filter((commit) => commit.length > 0);
}

function sizeIn({ document }: ResourceState): bigint {
  return BigInt(Number(/"size_bytes":(\d+)/.exec(JSON.stringify(document))?.[1]));
}

/** What a list of all buckets has to say. */
function counted(events: readonly AppliedEvent[], namespace: string) {
  const newest = new Map(events.map(({ recorded, after }) => [recorded.stream, after]));
  const there = [...newest.values()].filter((state) => !isDeleted(state));
  const buckets = there.filter((it) => it.kind === "bucket" && it.namespace === namespace);
  const objects = there.filter(
    (it) =>
      it.kind === "object" &&
      buckets.some((bucket) => bucket.kind === "bucket" && bucket.bucket_id === it.bucket_id),
  );
  const totalSizeBytes = objects.map(sizeIn).reduce((sum, size) => sum + size, 0n);
  return { bucketCount: buckets.length, objectCount: objects.length, totalSizeBytes };
}

async function told(view: View, namespace: string) {
  const viewpoint = { at: 0, publicUrl: "" };
  const { totalCount, totals } = await view.list({
    ...{ namespace, viewpoint, limit: 1, offset: 0, after: undefined },
  });
  return { bucketCount: totalCount, ...totals };
}

test("the totals of a namespace are a count of its buckets, in both engines", async () => {
  let beyond = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { maxLength: 30, size: "max" }),
      fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 30, size: "max" }),
      async (steps, lengths) => {
        const events = eventsOf(steps);
        const db = new Database(":memory:");
        migrate(db, ":memory:", 0);
        const [sqlite, memory] = [new SqliteView(db), new MemoryView()];
        let done = 0;
        for (const commit of commitsOf(events, lengths)) {
          sqlite.apply(commit);
          memory.apply(commit);
          done += commit.length;
          for (const namespace of namespaces) {
            const expected = counted(events.slice(0, done), namespace);
            if (expected.totalSizeBytes > integerMax) beyond += 1;
            const answer = { ...expected, totalSizeBytes: Number(expected.totalSizeBytes) };
            expect(await told(memory, namespace)).toEqual(answer);
            expect(await told(new SqliteReadView(db), namespace)).toEqual(answer);
            const row = db
              .prepare("SELECT * FROM namespace_totals WHERE namespace = ?")
              .get(namespace);
            const { bucketCount: bucket_count, objectCount: object_count } = expected;
            const total_size_bytes = String(expected.totalSizeBytes);
            expect(row).toEqual(
              bucket_count === 0
                ? undefined
                : { namespace, bucket_count, object_count, total_size_bytes },
            );
          }
        }
        db.close();
      },
    ),
    { seed, numRuns: 60 },
  );
  // Without any there would be nothing to see of sums that no integer holds.
  expect(beyond).toBeGreaterThan(0);
});

test("a commit that moves no totals reads and writes none", () => {
  const said: string[] = [];
  const db = new Database(":memory:", { verbose: (sql) => said.push(String(sql)) });
  migrate(db, ":memory:", 0);
  const view = new SqliteView(db);
  const step = { bucket: 0, object: undefined, size: 0, isAway: false };
  const [made, archived, filled, emptied] = eventsOf([
    step,
    step,
    { ...step, object: 1, size: 7 },
    { ...step, object: 1, isAway: true },
  ]);
  const touching = (events: readonly (AppliedEvent | undefined)[]) => {
    said.length = 0;
    view.apply(events.flatMap((event) => event ?? []));
    return said.filter((sql) => sql.includes("namespace_totals")).map((sql) => sql.slice(0, 6));
  };
  expect(touching([made])).toEqual(["SELECT", "INSERT"]);
  expect(touching([archived])).toEqual([]);
  expect(said.filter((sql) => sql.startsWith("SELECT"))).toEqual([]);
  expect(touching([filled])).toEqual(["SELECT", "INSERT"]);
  expect(touching([emptied])).toEqual(["SELECT", "INSERT"]);
  db.close();
});
