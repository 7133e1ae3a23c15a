/** What every event store promises, whatever it is made of; each engine runs it. */

import { describe, expect, test } from "vitest";
import { parted, type UnreadableEvent } from "../../src/domain/history.js";
import { limits } from "../../src/domain/limits.js";
import { documentOf } from "../../src/domain/resource.js";
import { toHex } from "../../src/eventstore/codec.js";
import { chainHash, commit, zeroHash } from "../../src/eventstore/frame.js";
import type {
  EventFilter,
  EventStore,
  LoggedEvent,
  StreamPage,
} from "../../src/eventstore/store.js";
import type { Backend } from "../support/backends.js";
import {
  accept,
  commitOne,
  committed,
  idempotencyKey,
  ifMatch,
  only,
  Units,
  verdict,
} from "../support/units.js";

const page = (overrides: Partial<StreamPage> = {}): StreamPage => ({
  order: "asc",
  from: 1,
  to: Number.MAX_SAFE_INTEGER,
  limit: 1_000,
  ...overrides,
});

const versions = (events: readonly LoggedEvent[]) => events.map(({ recorded }) => recorded.version);

/** A bucket whose versions 1 to 5 are at positions 1, 3, 5, 6, 7 and at 0, 0, 2, 2, 4 seconds. */
async function story({ events, clock }: Backend, units: Units): Promise<string> {
  const { stream } = await accept(events, units.of(units.create("a")));
  await accept(events, units.of(units.create("b")));
  await accept(events, units.of(units.patch(stream, { description: "two" })));
  clock.advance(2_000);
  await accept(events, units.of(units.patch("b", { description: "other" })));
  await accept(events, units.of(units.lock(stream)));
  await accept(events, units.of(units.unlock(stream)));
  clock.advance(2_000);
  await accept(events, units.of(units.patch(stream, { bucket_name: "c" })));
  return stream;
}

export function eventStoreContract(open: () => Backend): void {
  describe("commit", () => {
    test("refuses what the planner refuses and records nothing of it", async () => {
      const { events } = open();
      const units = new Units();
      await accept(events, units.of(units.create("a")));
      const before = await events.head();
      const outcomes = await events.commit([
        units.of(units.patch("nobody", {})),
        units.of([units.create("b"), units.create("a")]),
        units.of(units.patch("a", {}, ifMatch(9))),
      ]);
      expect(outcomes.map(verdict)).toEqual(["NOT_FOUND", "ALREADY_EXISTS", "PRECONDITION_FAILED"]);
      expect(await events.head()).toEqual(before);
      expect(await events.readLog(0, 10)).toHaveLength(1);
    });

    test("of no units records nothing", async () => {
      const { events } = open();
      expect(await events.commit([])).toEqual([]);
      expect((await events.head()).position).toBe(0);
    });

    test("answers each unit in order, refused ones among accepted ones", async () => {
      const { events } = open();
      const units = new Units();
      const outcomes = await events.commit([
        units.of(units.create("a")),
        units.of(units.create("a")),
        units.of([units.create("b"), units.create("c")]),
      ]);
      expect(outcomes.map(verdict)).toEqual(["committed", "ALREADY_EXISTS", "committed"]);
      expect((await events.head()).position).toBe(3);
    });

    test("gives the state after the event, and the next commit builds on it", async () => {
      const { events } = open();
      const units = new Units();
      const { stream, state } = await accept(events, units.of(units.create("a")));
      expect(state).toMatchObject({ version: 1, position: 1, namespace: "default" });
      const patched = await accept(events, units.of(units.patch("a", { description: "x" })));
      expect(patched).toMatchObject({ stream, version: 2, position: 2 });
      expect(patched.state.document).toMatchObject({ bucket_name: "a", description: "x" });
    });

    test("keeps keys such as __proto__ and constructor as plain data", async () => {
      const { events } = open();
      const units = new Units();
      const metadata = JSON.parse('{"__proto__": {"x": 1}, "constructor": 2, "10": 3, "9": 4}');
      const { stream } = await accept(events, units.of(units.create("a", { metadata })));
      const patch = JSON.parse('{"metadata": {"__proto__": {"y": 2}}}');
      const media = "application/merge-patch+json";
      await accept(events, units.of(units.patch(stream, patch, undefined, media)));
      const state = await events.stateAt(stream, 2);
      expect(JSON.stringify(state && documentOf(state)["metadata"])).toBe(
        '{"9":4,"10":3,"__proto__":{"x":1,"y":2},"constructor":2}',
      );
    });
  });

  describe("what is about very much", () => {
    /** More than half of what one commit is about. */
    const large = "x".repeat(0.6 * limits.commitDocumentBytesMax);
    const largePatch = (units: Units, name: string) =>
      units.patch(name, { description: `${units.id("text")} ${large}` });

    test("is carried out in several commits, a unit whole and in order", async () => {
      const { events } = open();
      const units = new Units();
      for (const name of ["a", "b", "c"]) await accept(events, units.of(units.create(name)));
      const asked = ["a", "b", "c", "a"].map((name) => units.of(largePatch(units, name)));
      const first = await events.commit(asked);
      expect(first.map(verdict)).toEqual(["committed", "committed"]);
      // Now the states that are there are as large before anything is planned.
      const second = await events.commit(asked.slice(2));
      expect(second.map(verdict)).toEqual(["committed", "committed"]);
      expect((await events.head()).position).toBe(7);
      const small = ["a", "b", "c"].map((name) => units.of(units.patch(name, { description: "" })));
      const third = await events.commit(small);
      expect(third.map(verdict)).toEqual(["committed", "committed"]);
      expect((await events.commit(small.slice(2))).map(verdict)).toEqual(["committed"]);
    });

    test("is refused where it is to be one, before it is read", async () => {
      const { events } = open();
      const units = new Units();
      const names = Array.from({ length: 12 }, (_, index) => `bucket ${index}`);
      for (const name of names) {
        await accept(events, units.of(units.create(name, { description: large })));
      }
      const all = units.of(names.map((name) => units.patch(name, { description: "short" })));
      const [refused] = await events.commit([all]);
      expect(refused).toMatchObject({
        kind: "refused",
        error: {
          code: "VALIDATION_FAILED",
          details: {
            limit_bytes: limits.transactionBytesMax,
            validation_errors: [{ type: "too_large_together" }],
          },
        },
      });
      const [done] = await events.commit([{ ...all, acceptance: "each" }]);
      const fitting = Math.floor(limits.transactionBytesMax / large.length);
      const tooMany = names.slice(fitting).map((_, index) => fitting + index);
      expect(done).toMatchObject({
        kind: "committed",
        results: names.slice(0, fitting).map(() => ({ version: 2 })),
        refusals: tooMany.map((index) => ({ index, code: "VALIDATION_FAILED" })),
      });
    });

    test("is refused where one event would change very many leaves", async () => {
      const { events } = open();
      const units = new Units();
      const metadata = (value: number) =>
        Object.fromEntries(
          Array.from({ length: 6 }, (_, group) => [
            `group${group}`,
            Object.fromEntries(Array.from({ length: 1_000 }, (__, key) => [`k${key}`, value])),
          ]),
        );
      await accept(events, units.of(units.create("a", { metadata: metadata(1) })));
      const [refused] = await events.commit([
        units.of(units.patch("a", { metadata: metadata(2) })),
      ]);
      expect(refused).toMatchObject({
        kind: "refused",
        error: {
          code: "VALIDATION_FAILED",
          details: { limit_changes: limits.changesMax, actual_changes: 6_000 },
        },
      });
    });
  });

  describe("expected versions", () => {
    test("let one of many writers of the same version win", async () => {
      const { events } = open();
      const units = new Units();
      await accept(events, units.of(units.create("a")));
      const write = () => units.of(units.patch("a", { description: "x" }, ifMatch(1)));
      const first = await events.commit([write(), write(), write()]);
      const second = await events.commit([write()]);
      expect([...first, ...second].map(verdict)).toEqual([
        "committed",
        "PRECONDITION_FAILED",
        "PRECONDITION_FAILED",
        "PRECONDITION_FAILED",
      ]);
    });
  });

  describe("idempotency keys", () => {
    const keyed = (units: Units, name: string, fingerprint?: string) =>
      units.of(units.create(name), { idempotency: idempotencyKey("k", fingerprint) });

    test("refuse another request under the key", async () => {
      const { events } = open();
      const units = new Units();
      await accept(events, keyed(units, "a"));
      expect(verdict(await commitOne(events, keyed(units, "b", "f2")))).toBe(
        "IDEMPOTENCY_KEY_REUSED",
      );
    });

    test("give the first outcome again without doing it again", async () => {
      const { events } = open();
      const units = new Units();
      const { stream, version, position } = await accept(events, keyed(units, "a"));
      await accept(events, units.of(units.patch("a", {})));
      const again = await commitOne(events, keyed(units, "a"));
      expect(again).toEqual({ kind: "replayed", results: [{ stream, version, position }] });
      expect((await events.head()).position).toBe(2);
    });

    test("can be used anew after seven days", async () => {
      const { events, clock } = open();
      const units = new Units();
      await accept(events, keyed(units, "a"));
      clock.advance(7 * 24 * 3_600 * 1_000 + 1);
      await accept(events, keyed(units, "b", "f2"));
      expect(verdict(await commitOne(events, keyed(units, "b", "f2")))).toBe("replayed");
    });
  });

  describe("preview", () => {
    test("refuses as commit does", async () => {
      const { events } = open();
      const units = new Units();
      expect(verdict(await events.preview(units.of(units.patch("a", {}))))).toBe("NOT_FOUND");
    });

    test("gives what commit would give, and records nothing", async () => {
      const { events, view } = open();
      const units = new Units();
      const { stream } = await accept(events, units.of(units.create("a")));
      const before = await events.head();
      const unit = units.of(units.patch("a", { bucket_name: "b" }), {
        idempotency: idempotencyKey("k"),
      });
      const previewed = committed(await events.preview(unit));
      expect(await events.head()).toEqual(before);
      expect(await events.readLog(1, 10)).toEqual([]);
      expect((await view.find("default", stream))?.version).toBe(1);
      expect(await view.find("default", "b")).toBeUndefined();
      expect(committed(await commitOne(events, unit))).toEqual(previewed);
    });
  });

  describe("head", () => {
    test("of an empty log is position 0 with 64 zeros", async () => {
      const { events } = open();
      const { hash, ...rest } = await events.head();
      expect(toHex(hash)).toBe("0".repeat(64));
      expect(rest).toEqual({ position: 0, recordedAt: 0 });
    });

    test("is the last event", async () => {
      const backend = open();
      await story(backend, new Units());
      const { position, hash, recordedAt } = only(await backend.events.readLog(6, 10));
      expect(await backend.events.head()).toEqual({ position, hash, recordedAt });
      expect(recordedAt).toBe(backend.clock.now);
    });
  });

  describe("placeAt", () => {
    const versionAt = async (events: EventStore, stream: string, point: object) => {
      const { kind, at } = { kind: "", at: 0, ...point };
      switch (kind) {
        case "version":
          return (await events.placeAt(stream, { kind, version: at }))?.version;
        case "position":
          return (await events.placeAt(stream, { kind, position: at }))?.version;
        case "time":
          return (await events.placeAt(stream, { kind, time: at }))?.version;
        default:
          throw new Error(`no point of the kind ${kind}`);
      }
    };

    test("finds nothing in a stream that does not exist, or before it began", async () => {
      const backend = open();
      const units = new Units();
      const { events, clock } = backend;
      const start = clock.now;
      await story(backend, units);
      const b = (await backend.view.find("default", "b"))?.bucket_id ?? "";
      expect(await versionAt(events, "bkt_nobody", { kind: "version", at: 1 })).toBeUndefined();
      expect(await versionAt(events, b, { kind: "version", at: 0 })).toBeUndefined();
      expect(await versionAt(events, b, { kind: "position", at: 1 })).toBeUndefined();
      expect(await versionAt(events, b, { kind: "time", at: start - 1 })).toBeUndefined();
    });

    test("finds the last event at or before a version, a position or a time", async () => {
      const backend = open();
      const { events, clock } = backend;
      const start = clock.now;
      const stream = await story(backend, new Units());
      const find = (kind: string, points: number[]) =>
        Promise.all(points.map((at) => versionAt(events, stream, { kind, at })));
      expect(await find("version", [1, 2, 3, 4, 5, 6, 99])).toEqual([1, 2, 3, 4, 5, 5, 5]);
      expect(await find("position", [1, 2, 3, 4, 5, 6, 7, 8])).toEqual([1, 1, 2, 2, 3, 4, 5, 5]);
      // Inclusive, and the last of the events of one millisecond.
      const times = [0, 1, 1_999, 2_000, 3_999, 4_000, 9_000].map((after) => start + after);
      expect(await find("time", times)).toEqual([2, 2, 2, 4, 4, 5, 5]);
    });

    test("says where the event is in the log and in time", async () => {
      const backend = open();
      const stream = await story(backend, new Units());
      expect(await backend.events.placeAt(stream, { kind: "version", version: 5 })).toEqual({
        version: 5,
        position: 7,
        recordedAt: backend.clock.now,
      });
    });
  });

  describe("stateAt", () => {
    test("is undefined where there is nothing", async () => {
      const backend = open();
      const stream = await story(backend, new Units());
      expect(await backend.events.stateAt("bkt_nobody", 1)).toBeUndefined();
      expect(await backend.events.stateAt(stream, 0)).toBeUndefined();
      expect(await backend.events.stateAt(stream, -1)).toBeUndefined();
    });

    test("is the state that each commit answered with", async () => {
      const { events } = open();
      const units = new Units();
      const { stream, state } = await accept(events, units.of(units.create("a")));
      const states = [state];
      for (const metadata of [{ n: 1 }, { n: 2 }, {}]) {
        states.push((await accept(events, units.of(units.patch("a", { metadata })))).state);
      }
      states.push((await accept(events, units.of(units.lock("a")))).state);
      for (const expected of states) {
        expect(await events.stateAt(stream, expected.version)).toEqual(expected);
      }
      expect(await events.stateAt(stream, 99)).toEqual(states.at(-1));
    });
  });

  describe("readStream", () => {
    test("of a stream that does not exist is empty", async () => {
      const { events } = open();
      expect(await events.readStream("bkt_nobody", page())).toEqual([]);
    });

    test("goes both ways, within bounds and limit", async () => {
      const backend = open();
      const stream = await story(backend, new Units());
      const read = async (overrides: Partial<StreamPage>) =>
        versions(readable(await backend.events.readStream(stream, page(overrides))));
      expect(await read({})).toEqual([1, 2, 3, 4, 5]);
      expect(await read({ order: "desc" })).toEqual([5, 4, 3, 2, 1]);
      expect(await read({ limit: 2 })).toEqual([1, 2]);
      expect(await read({ order: "desc", limit: 2 })).toEqual([5, 4]);
      expect(await read({ from: 2, to: 4 })).toEqual([2, 3, 4]);
      expect(await read({ order: "desc", from: 2, to: 4, limit: 2 })).toEqual([4, 3]);
      expect(await read({ from: 4, to: 2 })).toEqual([]);
      expect(await read({ from: 0, to: 0 })).toEqual([]);
    });

    test("gives each event with its hash and the one before it in the log", async () => {
      const backend = open();
      const stream = await story(backend, new Units());
      const log = await backend.events.readLog(0, 100);
      const hashes = ["0".repeat(64), ...log.map(({ hash }) => toHex(hash))];
      const logged = readable(await backend.events.readStream(stream, page()));
      for (const { recorded, hash, previousHash } of logged) {
        expect(previousHash).toBe(hashes[recorded.position - 1]);
        expect(hash).toBe(hashes[recorded.position]);
      }
    });

    test("gives back who, why and by which request", async () => {
      const { events } = open();
      const units = new Units();
      const meta = {
        actor: "bob",
        reason: "weil – »so«",
        request_id: "req_1",
        idempotency_key: "k",
        user_agent: "curl",
        remote_address: "::1",
      };
      const unit = units.of(units.create("a"), { meta, transactionId: "txn_1" });
      const { stream, recorded } = await accept(events, unit);
      const entry = only(readable(await events.readStream(stream, page())));
      expect(entry.recorded).toEqual(recorded);
      expect(entry.recorded).toMatchObject({ meta, transactionId: "txn_1" });
    });
  });

  describe("readLog", () => {
    test("beyond the end is empty", async () => {
      const backend = open();
      await story(backend, new Units());
      expect(await backend.events.readLog(7, 10)).toEqual([]);
      expect(await backend.events.readLog(99, 10)).toEqual([]);
    });

    test("pages through all events in order, each tied to the one before it", async () => {
      const backend = open();
      await story(backend, new Units());
      const log = [
        ...(await backend.events.readLog(0, 3)),
        ...(await backend.events.readLog(3, 3)),
        ...(await backend.events.readLog(6, 3)),
      ];
      expect(log.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      let previous = zeroHash;
      for (const { meta, metaSalt, body, salt, ...row } of log) {
        if (!meta || !metaSalt || !body || !salt) throw new Error("bytes are missing");
        expect(row.metaCommitment).toEqual(commit(metaSalt, meta));
        expect(row.commitment).toEqual(commit(salt, body));
        expect(row.hash).toEqual(chainHash(previous, row));
        previous = row.hash;
      }
    });
  });

  describe("find", () => {
    const everything = { skip: 0, limit: 1_000 };

    /** The story, and beside it an event of another namespace and one of another actor. */
    async function manyHands(backend: Backend) {
      const units = new Units();
      const start = backend.clock.now;
      const stream = await story(backend, units);
      await accept(backend.events, units.of(units.create("a"), { namespace: "other" }));
      const meta = { actor: "bob", request_id: "req_bob" };
      await accept(backend.events, units.of(units.patch("b", {}), { meta }));
      const find = async (filter: Partial<EventFilter>, page = everything) => {
        const found = await backend.events.find({ within: ["default"], ...filter }, page);
        return { positions: found.events.map(({ position }) => position), total: found.total };
      };
      return { stream, start, find };
    }

    test("finds nothing where nothing fits", async () => {
      const { stream, find } = await manyHands(open());
      for (const filter of [
        { within: ["nowhere"] },
        { within: [] },
        { stream: "bkt_nobody" },
        { within: ["other", "nowhere"], stream },
        { eventId: "evt_nobody" },
        { types: [] },
        { types: ["bucket.deleted"] },
        { actor: "carol" },
        { actor: "' OR 1=1 --" },
        { to: 0 },
        { from: 2, to: 1 },
      ]) {
        expect(await find(filter), JSON.stringify(filter)).toEqual({ positions: [], total: 0 });
      }
    });

    test("gives the events of a namespace, newest first", async () => {
      const { find } = await manyHands(open());
      expect(await find({})).toEqual({ positions: [9, 7, 6, 5, 4, 3, 2, 1], total: 8 });
      expect(await find({ within: ["other"] })).toEqual({ positions: [8], total: 1 });
      const all = [9, 8, 7, 6, 5, 4, 3, 2, 1];
      expect(await find({ within: undefined })).toEqual({ positions: all, total: 9 });
      expect(await find({ within: ["other", "default"] })).toEqual({ positions: all, total: 9 });
    });

    test("pages, and counts what is on no page", async () => {
      const { find, stream } = await manyHands(open());
      expect(await find({}, { skip: 2, limit: 3 })).toEqual({ positions: [6, 5, 4], total: 8 });
      expect(await find({ stream }, { skip: 4, limit: 3 })).toEqual({ positions: [1], total: 5 });
      expect(await find({}, { skip: 8, limit: 3 })).toEqual({ positions: [], total: 8 });
      expect(await find({}, { skip: 0, limit: 0 })).toEqual({ positions: [], total: 8 });
    });

    test("filters by stream, types, actor and time, and by all of them together", async () => {
      const { stream, start, find } = await manyHands(open());
      expect((await find({ stream })).positions).toEqual([7, 6, 5, 3, 1]);
      expect((await find({ actor: "bob" })).positions).toEqual([9]);
      const types = ["bucket.created", "bucket.locked"];
      expect((await find({ types })).positions).toEqual([5, 2, 1]);
      const middle = { from: start + 1, to: start + 2_000 };
      expect((await find(middle)).positions).toEqual([6, 5, 4]);
      expect((await find({ from: start + 2_000 })).positions).toEqual([9, 7, 6, 5, 4]);
      expect((await find({ to: start })).positions).toEqual([3, 2, 1]);
      const all = { stream, types, actor: "alice", ...middle };
      expect(await find(all)).toEqual({ positions: [5], total: 1 });
    });

    test("ends where the events are large together, after one at least, and says so", async () => {
      const backend = open();
      await manyHands(backend);
      const find = async (bytesMax: number) => {
        const page = { ...everything, bytesMax };
        const { events, isCut } = await backend.events.find({ within: ["default"] }, page);
        return { count: events.length, isCut };
      };
      expect(await find(1)).toEqual({ count: 1, isCut: true });
      const { count } = await find(1_000_000);
      expect(await find(1_000_000)).toEqual({ count, isCut: false });
      const some = await find(500);
      expect(some.isCut).toBe(true);
      expect(some.count).toBeGreaterThan(1);
      expect(some.count).toBeLessThan(count);
    });

    test("finds an event by its id, whole, in its namespace and stream alone", async () => {
      const backend = open();
      const { stream, find } = await manyHands(backend);
      const second = await backend.events.readStream(stream, page({ from: 2, to: 2 }));
      const { recorded } = only(readable(second));
      const { eventId } = recorded;
      const found = await backend.events.find({ within: ["default"], eventId }, everything);
      expect(found).toEqual({ events: [recorded], isCut: false, total: 1 });
      expect((await find({ eventId, within: ["other"] })).total).toBe(0);
      expect((await find({ eventId, stream: "bkt_nobody" })).total).toBe(0);
      expect((await find({ eventId, actor: "bob" })).total).toBe(0);
    });
  });

  describe("health and close", () => {
    test("an open store is ready", async () => {
      expect(await open().events.health()).toMatchObject({ ready: true });
    });

    test("closing twice is closing once", async () => {
      const { events } = open();
      await events.close();
      await events.close();
    });
  });
}

/** Of events all of which can be read. */
function readable<Event extends object>(events: readonly (Event | UnreadableEvent)[]): Event[] {
  return parted(events).readable;
}
