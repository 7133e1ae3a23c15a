/**
 * Goal: what events do to the view is the same however they are grouped into commits. Method:
 * random objects come, change and go, applied at once and one by one, and every row is compared.
 */
import Database from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import { answered, answeredLater } from "../../src/domain/asking.js";
import { emptyStats } from "../../src/domain/bucket/stats.js";
import type { DomainEvent, RecordedEvent } from "../../src/domain/event.js";
import type { JsonObject } from "../../src/domain/json.js";
import type { ObjectEvent } from "../../src/domain/object/events.js";
import {
  type AppliedEvent,
  applied,
  type BlamedState,
  type ResourceState,
} from "../../src/domain/resource.js";
import { MemoryView } from "../../src/engines/memory/view.js";
import { FoldedView, RecentRows } from "../../src/engines/sqlite/folded-view.js";
import { migrate } from "../../src/engines/sqlite/migrate.js";
import { SqliteView } from "../../src/engines/sqlite/view.js";
import { type CountsNeeded, counting, type KnownCounts } from "../../src/projections/counting.js";
import { viewTables } from "../../src/projections/projections.js";
import { seed } from "../domain/arbitraries.js";
import { bucketId } from "../domain/specification.js";
import { temporaryFile } from "../support/backends.js";

interface Step {
  readonly object: number;
  /** In bytes; undefined deletes it, or leaves alone what is not there. */
  readonly size: number | undefined;
}

const steps = fc.array(
  fc.record({
    object: fc.integer({ min: 1, max: 5 }),
    size: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
  }),
  { maxLength: 24 },
);

function blobs(size: number): JsonObject {
  return { blobs: [{ blob_id: `blob_${size}`, details: { size_bytes: size } }] };
}

function eventOf({ size }: Step, before: ResourceState | undefined): ObjectEvent | undefined {
  if (before === undefined) {
    if (size === undefined) return undefined;
    const { blobs: value = [] } = blobs(size);
    return { type: "object.created", data: { changes: [{ op: "add", path: "/blobs", value }] } };
  }
  if (before.deleted !== undefined) return undefined;
  if (size === undefined) return { type: "object.deleted", data: {} };
  const { blobs: value = [] } = blobs(size);
  const was = before.kind === "object" ? (before.document["blobs"] ?? null) : null;
  return {
    type: "object.patched",
    data: {
      media_type: "application/json",
      changes: [{ op: "replace", path: "/blobs", value, was }],
    },
  };
}

/** The steps as events with the states around them, as a plan has them. */
function eventsOf(asked: readonly Step[]): AppliedEvent[] {
  const log = new AppliedLog();
  for (const step of asked) {
    const stream = `obj_${step.object}`;
    const event = eventOf(step, log.stateOf(stream));
    if (event !== undefined) log.add(stream, event);
  }
  return log.events;
}

class AppliedLog {
  readonly events: AppliedEvent[] = [];
  readonly #folded = new Map<string, BlamedState>();

  stateOf(stream: string): ResourceState | undefined {
    return this.#folded.get(stream)?.state;
  }

  add(stream: string, event: DomainEvent): this {
    const done = this.events.length;
    const recorded: RecordedEvent = {
      position: done + 1,
      stream,
      version: (this.stateOf(stream)?.version ?? 0) + 1,
      namespace: "default",
      bucketId,
      eventId: `evt_${done}`,
      transactionId: undefined,
      recordedAt: Date.parse("2026-10-01T00:00:00.000Z") + done,
      meta: { actor: "a", request_id: "r" },
      event,
    };
    const made = applied(this.#folded.get(stream), recorded);
    this.#folded.set(stream, { state: made.after, blame: made.blame });
    this.events.push(made);
    return this;
  }
}

/** Every row of the view. */
function rowsOf(commits: readonly (readonly AppliedEvent[])[]) {
  return rowsAfter((db) => {
    const view = new SqliteView(db);
    for (const commit of commits) view.apply(commit);
  });
}

function rowsAfter(write: (db: Database.Database) => void) {
  const db = new Database(":memory:");
  migrate(db, ":memory:", 0);
  write(db);
  const rows = viewTables.map(({ name, key }) => [
    name,
    db.prepare(`SELECT * FROM ${name} ORDER BY ${key.join(", ")}`).all(),
  ]);
  db.close();
  return Object.fromEntries(rows);
}

test("events leave the same rows whether they are committed at once or one by one", () => {
  fc.assert(
    fc.property(steps, (asked) => {
      const events = eventsOf(asked);
      expect(rowsOf([events])).toStrictEqual(rowsOf(events.map((event) => [event])));
    }),
    { seed, numRuns: 60 },
  );
});

const bounds = fc.record({
  rowsMax: fc.constantFrom(0, 1, 2, 20_000),
  bytesMax: fc.constantFrom(0, 500, 1_000_000),
});

test("a fold that writes rows late leaves the same ones, and knows each state meanwhile", () => {
  fc.assert(
    fc.property(steps, bounds, fc.integer({ min: 1, max: 3 }), (asked, bound, atOnce) => {
      const events = eventsOf(asked);
      const folded = rowsAfter((db) => {
        const view = new FoldedView(db, "", new RecentRows(bound));
        for (const event of events) {
          view.apply([event]);
          const { after: state, blame, recorded } = event;
          expect(view.loadState(recorded.stream)).toEqual({ state, blame });
        }
        while (!view.settle(atOnce)) expect(view.faults).toEqual([]);
      });
      expect(folded).toStrictEqual(rowsOf([events]));
    }),
    { seed, numRuns: 100 },
  );
});

test("a fold writes the row of a stream with its first event, and once more, however many come", () => {
  const events = eventsOf([4, 4, 4, 4].map((size) => ({ object: 1, size })));
  const said: string[] = [];
  const db = new Database(":memory:", { verbose: (sql) => said.push(String(sql)) });
  migrate(db, ":memory:", 0);
  const view = new FoldedView(db);
  for (const event of events) view.apply([event]);
  const written = () => said.filter((sql) => sql.startsWith("INSERT INTO objects"));
  expect(written()).toHaveLength(1);
  expect(view.settle()).toBe(true);
  expect(written()).toHaveLength(2);
  expect(view.settle()).toBe(true);
  expect(written()).toHaveLength(2);
  db.close();
});

test("a fold counts what a restored bucket takes, although its row is written late", () => {
  const { events } = new AppliedLog()
    .add(bucketId, {
      type: "bucket.created",
      data: { changes: [{ op: "add", path: "/bucket_name", value: "videos" }] },
    })
    .add(bucketId, { type: "bucket.deleted", data: { task_id: "task_1" } })
    .add(bucketId, { type: "bucket.restored", data: { changes: [] } })
    .add("obj_1", { type: "object.created", data: { changes: [] } });
  const folded = rowsAfter((db) => {
    const view = new FoldedView(db);
    for (const event of events) {
      view.apply([event]);
      if (event.after.deleted !== undefined) view.settle();
    }
    view.settle();
  });
  expect(folded).toStrictEqual(rowsOf(events.map((event) => [event])));
  expect(folded["namespace_totals"]).toMatchObject([{ bucket_count: 1, object_count: 1 }]);
});

test("what was not written when a connection was given up is written on the next", () => {
  const file = temporaryFile();
  const events = eventsOf([3, 3].map((size) => ({ object: 1, size })));
  const rows = new RecentRows();
  const first = new Database(file);
  migrate(first, file, 0);
  const view = new FoldedView(first, "", rows);
  for (const event of events) view.apply([event]);
  first.close();
  const second = new Database(file);
  new FoldedView(second, "", rows).settle();
  expect(second.prepare("SELECT object_id, version FROM objects").all()).toEqual([
    { object_id: "obj_1", version: 2 },
  ]);
  second.close();
});

test("a state that no row can have is named with its position, and the others are written", () => {
  const [bad, ...others] = eventsOf([
    { object: 1, size: 3 },
    { object: 2, size: 4 },
  ]);
  if (bad === undefined) throw new Error("There are no events.");
  const { objects } = rowsAfter((db) => {
    const view = new FoldedView(db);
    view.apply([{ ...bad, after: { ...bad.after, version: 1.5 } }]);
    for (const event of others) view.apply([event]);
    view.settle();
    expect(view.faults).toEqual([
      { position: 1, problem: expect.stringContaining("the state of obj_1 cannot be kept: ") },
    ]);
  });
  expect(objects).toMatchObject([{ object_id: "obj_2" }]);
});

test("the statistics after each event are a recount, in memory too", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (asked) => {
      const events = eventsOf(asked);
      const view = new MemoryView();
      view.apply(events);
      const sizes = new Map<string, number>();
      for (const { recorded, after } of events) {
        const { stream, position } = recorded;
        if (after.deleted !== undefined) sizes.delete(stream);
        else sizes.set(stream, sizeIn(after));
        const all = [...sizes.values()];
        expect(await view.stats(bucketId, { kind: "position", position })).toMatchObject({
          objectCount: all.length,
          totalSizeBytes: BigInt(all.reduce((a, b) => a + b, 0)),
          maxSizeBytes: Math.max(0, ...all),
          minSizeBytes: all.length === 0 ? 0 : Math.min(...all),
        });
      }
    }),
    { seed, numRuns: 60 },
  );
});

function sizeIn({ document }: ResourceState): number {
  return Number(/"size_bytes":(\d+)/.exec(JSON.stringify(document))?.[1]);
}

const nothingAsked: CountsNeeded = {
  stats: new Set(),
  extremes: new Map(),
  existing: new Set(),
  totals: new Set(),
};
const nothingKnown: KnownCounts = {
  stats: new Map(),
  extremes: new Map(),
  existing: new Set(),
  totals: new Map(),
};

test("the view is asked for the statistics of the buckets that events move, and for what adds them up, once", () => {
  const asked: CountsNeeded[] = [];
  const events = eventsOf([
    { object: 1, size: 3 },
    { object: 2, size: 4 },
  ]);
  const { moved } = answered(counting(events), (needed) => {
    asked.push(needed);
    return nothingKnown;
  });
  expect(asked).toStrictEqual([
    { ...nothingAsked, stats: new Set([bucketId]) },
    { ...nothingAsked, existing: new Set([bucketId]), totals: new Set(["default"]) },
  ]);
  expect(moved.map(({ stats }) => stats.objectCount)).toEqual([1, 2]);
});

test("the sizes of other objects are asked for only when the largest or the smallest left", async () => {
  const events = eventsOf([
    { object: 1, size: 3 },
    { object: 2, size: 6 },
    { object: 2, size: undefined },
  ]);
  const asked: CountsNeeded[] = [];
  const { moved } = await answeredLater(counting(events), async (needed) => {
    asked.push(needed);
    const extremes = [...needed.extremes.keys()].map((id) => [id, { max: 5, min: 1 }] as const);
    const stats = { ...emptyStats, objectCount: 2, maxSizeBytes: 5, minSizeBytes: 1 };
    const known = { stats: new Map([[bucketId, stats]]), extremes: new Map(extremes) };
    return { ...nothingKnown, ...known };
  });
  expect(asked.flatMap(({ extremes }) => [...extremes])).toStrictEqual([
    [bucketId, ["obj_1", "obj_2"]],
  ]);
  expect(moved.at(-1)?.stats).toMatchObject({ objectCount: 3, maxSizeBytes: 5, minSizeBytes: 1 });
});

test("nothing is read once the first row is written", () => {
  const said: string[] = [];
  const db = new Database(":memory:", { verbose: (sql) => said.push(String(sql)) });
  migrate(db, ":memory:", 0);
  const view = new SqliteView(db);
  said.length = 0;
  view.apply(
    eventsOf([
      { object: 1, size: 3 },
      { object: 2, size: 6 },
      { object: 2, size: 1 },
      { object: 1, size: undefined },
    ]),
  );
  db.close();
  const verbs = said.map((sql) => /\w+/.exec(sql)?.[0]);
  expect(verbs.slice(0, 2)).toEqual(["SELECT", "SELECT"]);
  expect(verbs.lastIndexOf("SELECT")).toBeLessThan(verbs.indexOf("INSERT"));
});
