/** What every view and keeper promises, whatever it is made of; each engine runs it. */

import { describe, expect, test } from "vitest";
import type { ListPosition } from "../../src/domain/filter/order.js";
import { sha256 } from "../../src/eventstore/frame.js";
import type { BucketPage, ListQuery } from "../../src/projections/view.js";
import type { Backend } from "../support/backends.js";
import { dayMs } from "../support/clock.js";
import { accept, Units } from "../support/units.js";

const query = (overrides: Partial<ListQuery> = {}): ListQuery => ({
  namespace: "default",
  viewpoint: { at: 0, publicUrl: "" },
  limit: 10,
  offset: 0,
  after: undefined,
  ...overrides,
});

const names = ({ buckets }: BucketPage) =>
  buckets.map(({ state }) => state.document["bucket_name"]);

const ignore = () => {};

/** Buckets a to g, of which c, d, e are of one millisecond; and one of another namespace. */
async function fill({ events, clock }: Backend, units: Units): Promise<void> {
  for (const name of ["a", "b", "c", "d", "e", "f", "g"]) {
    await accept(events, units.of(units.create(name)));
    if (!["c", "d"].includes(name)) clock.advance(1_000);
  }
  await accept(events, units.of(units.create("a"), { namespace: "other" }));
}

export function viewContract(open: () => Backend): void {
  describe("find", () => {
    test("finds nothing under an unknown id or name, or in another namespace", async () => {
      const { events, view } = open();
      const units = new Units();
      const { stream } = await accept(events, units.of(units.create("a")));
      expect(await view.find("default", "b")).toBeUndefined();
      expect(await view.find("default", units.id("bkt"))).toBeUndefined();
      expect(await view.find("other", stream)).toBeUndefined();
      expect(await view.find("other", "a")).toBeUndefined();
    });

    test("finds by id in any case and by the exact name in any normal form", async () => {
      const { events, view } = open();
      const units = new Units();
      const id = "bkt_0000000000000000000000abcd";
      const created = await accept(events, units.of(units.create("caf\u00e9", {}, id)));
      for (const identifier of [id, id.toUpperCase(), "caf\u00e9", "cafe\u0301"]) {
        expect(await view.find("default", identifier)).toEqual(created.state);
      }
      expect(await view.find("default", "Caf\u00e9")).toBeUndefined();
    });

    test("follows a rename: the old name is free, the new one found", async () => {
      const { events, view } = open();
      const units = new Units();
      const { stream } = await accept(events, units.of(units.create("a")));
      await accept(events, units.of(units.patch("a", { bucket_name: "b" })));
      expect(await view.find("default", "a")).toBeUndefined();
      const { stream: second } = await accept(events, units.of(units.create("a")));
      expect((await view.find("default", "b"))?.bucket_id).toBe(stream);
      expect((await view.find("default", "a"))?.bucket_id).toBe(second);
    });

    test("follows a rename and a create of the freed name in one batch", async () => {
      const { events, view } = open();
      const units = new Units();
      await accept(events, units.of(units.create("a")));
      await events.commit([
        units.of(units.patch("a", { bucket_name: "b" })),
        units.of(units.create("a")),
        units.of(units.patch("a", { bucket_name: "c" })),
      ]);
      expect(names(await view.list(query()))).toEqual(["b", "c"]);
      expect(await view.find("default", "a")).toBeUndefined();
      expect((await view.find("default", "b"))?.version).toBe(2);
      expect((await view.find("default", "c"))?.version).toBe(2);
    });
  });

  describe("list", () => {
    test("of an unknown namespace is empty", async () => {
      const backend = open();
      await fill(backend, new Units());
      expect(await backend.view.list(query({ namespace: "nowhere" }))).toEqual({
        buckets: [],
        isCut: false,
        totalCount: 0,
        totals: { objectCount: 0, totalSizeBytes: 0 },
      });
    });

    test("is newest first, and by id within one millisecond", async () => {
      const backend = open();
      await fill(backend, new Units());
      const page = await backend.view.list(query());
      expect(names(page)).toEqual(["g", "f", "c", "d", "e", "b", "a"]);
      expect(page.totalCount).toBe(7);
    });

    test("pages by offset", async () => {
      const backend = open();
      await fill(backend, new Units());
      const list = async (limit: number, offset: number) =>
        names(await backend.view.list(query({ limit, offset })));
      expect(await list(3, 0)).toEqual(["g", "f", "c"]);
      expect(await list(3, 3)).toEqual(["d", "e", "b"]);
      expect(await list(3, 6)).toEqual(["a"]);
      expect(await list(3, 7)).toEqual([]);
    });

    test("pages after a bucket without gap or repeat, whatever is made meanwhile", async () => {
      const backend = open();
      const units = new Units();
      await fill(backend, units);
      const seen: unknown[] = [];
      let after: ListPosition | undefined;
      for (;;) {
        // The offset means nothing once there is a bucket to start after.
        const page = await backend.view.list(query({ limit: 2, after, offset: after ? 5 : 0 }));
        const last = page.buckets.at(-1)?.state;
        if (last === undefined) break;
        seen.push(...names(page));
        after = { createdAt: last.created_at, id: last.bucket_id };
        await accept(backend.events, units.of(units.create(`late ${seen.length}`)));
      }
      expect(seen).toEqual(["g", "f", "c", "d", "e", "b", "a"]);
    });
  });

  describe("rebuild", () => {
    test("of an untouched view finds no difference and leaves every answer as it was", async () => {
      const backend = open();
      const units = new Units();
      await fill(backend, units);
      await accept(backend.events, units.of(units.patch("a", { bucket_name: "z" })));
      await accept(backend.events, units.of(units.lock("b")));
      const before = await backend.view.list(query());
      const report = await backend.keeper.rebuild(ignore);
      expect(report).toMatchObject({ replayed: 10, differences: 0 });
      expect(await backend.view.list(query())).toEqual(before);
      expect((await backend.view.find("default", "z"))?.version).toBe(2);
    });

    test("of an empty store is an empty view", async () => {
      expect(await open().keeper.rebuild(ignore)).toMatchObject({ replayed: 0, differences: 0 });
    });

    test("runs while writes go on and misses none of them", async () => {
      const backend = open();
      const units = new Units();
      await backend.events.commit(
        Array.from({ length: 1_200 }, (_, n) => units.of(units.create(`bucket ${n}`))),
      );
      let writes = 0;
      const report = await backend.keeper.rebuild(() => {
        if (writes >= 5) return;
        writes += 1;
        void backend.events.commit([units.of(units.patch("bucket 7", { metadata: { writes } }))]);
      });
      expect(writes).toBeGreaterThan(2);
      expect(report.differences).toBe(0);
      expect(report.replayed).toBeGreaterThanOrEqual(1_202);
      expect((await backend.view.find("default", "bucket 7"))?.version).toBe(1 + writes);
      await accept(backend.events, units.of(units.patch("bucket 7", {})));
      expect(await backend.keeper.verify(undefined, ignore)).toMatchObject({ ok: true });
    });

    test("a day later, with a lock that has lapsed, gives the same view", async () => {
      const backend = open();
      const units = new Units();
      await fill(backend, units);
      const expiresAt = new Date(backend.clock.now + 1_000).toISOString();
      await accept(backend.events, units.of(units.lock("a", expiresAt)));
      const before = await backend.view.list(query());
      backend.clock.advance(dayMs);
      expect(await backend.keeper.rebuild(ignore)).toMatchObject({ differences: 0 });
      expect(await backend.view.list(query())).toEqual(before);
    });
  });

  describe("verify", () => {
    test("of a head that the log has not, names the position", async () => {
      const backend = open();
      await fill(backend, new Units());
      const verify = (position: number, hash: string) =>
        backend.keeper.verify({ position, hash }, ignore);
      expect(await verify(3, "0".repeat(64))).toMatchObject({ ok: false, fault: { position: 3 } });
      expect(await verify(9, "0".repeat(64))).toMatchObject({ ok: false, fault: { position: 9 } });
    });

    test("is not misled by a lock that lapsed before the bucket was changed again", async () => {
      const backend = open();
      const units = new Units();
      await accept(backend.events, units.of(units.create("a")));
      const expiresAt = new Date(backend.clock.now + 1_000).toISOString();
      await accept(backend.events, units.of(units.lock("a", expiresAt)));
      backend.clock.advance(dayMs);
      await accept(backend.events, units.of(units.patch("a", { description: "x" })));
      expect(await backend.keeper.verify(undefined, ignore)).toMatchObject({ ok: true });
      expect(await backend.keeper.rebuild(ignore)).toMatchObject({ differences: 0 });
    });

    test("of an untouched store is fine, and tells the head that it reached", async () => {
      const backend = open();
      expect(await backend.keeper.verify(undefined, ignore)).toEqual({
        ok: true,
        events: 0,
        head: { position: 0, hash: "0".repeat(64) },
        tree: { root: Buffer.from(sha256(new Uint8Array())).toString("hex"), checkpoints: 0 },
      });
      const units = new Units();
      await fill(backend, units);
      const { position, hash } = await backend.events.head();
      const head = { position, hash: Buffer.from(hash).toString("hex") };
      expect(await backend.keeper.verify(head, ignore)).toMatchObject({
        ok: true,
        events: 8,
        head,
      });
      await accept(backend.events, units.of(units.patch("a", {})));
      expect(await backend.keeper.verify(head, ignore)).toMatchObject({ ok: true, events: 9 });
    });

    test("and replay look at one moment while writes go on", async () => {
      const backend = open();
      const units = new Units();
      await backend.events.commit(
        Array.from({ length: 1_200 }, (_, n) => units.of(units.create(`bucket ${n}`))),
      );
      const report = await backend.keeper.verify(undefined, () => {
        void backend.events.commit([units.of(units.patch("bucket 7", {}))]);
      });
      expect(report).toMatchObject({ ok: true, events: 1_200 });
      const { position } = await backend.events.head();
      expect(position).toBeGreaterThan(1_201);
      const replayed = await backend.keeper.replay(() => {
        void backend.events.commit([units.of(units.patch("bucket 7", {}))]);
      });
      expect(replayed).toEqual({ replayed: position, matches_view: true });
    });
  });

  describe("replay", () => {
    test("of an empty store matches its empty view", async () => {
      const report = await open().keeper.replay(ignore);
      expect(report).toEqual({ replayed: 0, matches_view: true });
    });

    test("folds every event, tells how far it is, and changes nothing", async () => {
      const backend = open();
      await fill(backend, new Units());
      const before = await backend.view.list(query());
      const steps: number[] = [];
      const report = await backend.keeper.replay(({ done, total }) => steps.push(done, total));
      expect(report).toEqual({ replayed: 8, matches_view: true });
      expect(steps.slice(-2)).toEqual([8, 8]);
      expect(await backend.view.list(query())).toEqual(before);
      expect((await backend.events.head()).position).toBe(8);
    });
  });
}
