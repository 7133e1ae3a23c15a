/**
 * Goal: a log cannot be repaired, so a file that holds an event which its schema does not take must
 * stay readable around it: named, passed over, counted. Method: such events are written into a real
 * file, with a chain that holds, as an earlier version could have; then everything is read.
 */
import { dirname } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type EmbeddedStore, openBuckets } from "../../src/index.js";
import { bucketlog } from "../support/cli.js";
import { forge } from "../support/forge.js";
import { serveTest, TestClock, temporaryFile } from "../support/server.js";

const films = { bucket_name: "films", bucket_schema: { properties: {} }, metadata: { n: 1 } };

/** Versions 1 to 5 of one bucket; each sets `n`, and a field of its own. */
async function makeFile(file: string): Promise<void> {
  const clock = new TestClock();
  await using store = await openBuckets({ file, clock: clock.read, actor: "ana" });
  const { buckets } = store.namespace();
  await buckets.create(films);
  for (const n of [2, 3, 4, 5]) {
    clock.advance(1_000);
    await buckets.patch(
      "films",
      { metadata: { n, [`v${n}`]: true } },
      { mediaType: "application/merge-patch+json" },
    );
  }
}

/** How the third event is spoilt, and what its fold is worth then. */
const faults = {
  "an actor that is a number": {
    edit: { meta: JSON.stringify({ actor: 42, request_id: "r" }) },
    problem: "actor: ",
    isFolded: true,
  },
  "a meta that is no JSON": { edit: { meta: "{" }, problem: "JSON", isFolded: true },
  "a body of another shape": {
    edit: { body: JSON.stringify({ changes: "all" }) },
    problem: "changes: ",
    isFolded: false,
  },
  "a body that is no JSON": { edit: { body: "\n{" }, problem: "JSON", isFolded: false },
} as const;

describe.each(Object.entries(faults))("A log with %s in it", (_, { edit, problem, isFolded }) => {
  let file: string;

  beforeEach(async () => {
    const temporary = temporaryFile();
    file = temporary.file;
    onTestFinished(temporary.remove);
    await makeFile(file);
    forge(file, ({ position }) => (position === 3 ? edit : {}));
  });

  async function opened(readOnly = true): Promise<EmbeddedStore> {
    const store = await openBuckets({ file, readOnly });
    onTestFinished(() => store.close());
    return store;
  }

  const named = { version: 3, position: 3, problem: expect.stringContaining(problem) };
  const fault = { position: 3, problem: expect.stringContaining("cannot be read") };

  it("is verified to its end, and the event is named", async () => {
    const report = await (await opened()).verify();
    expect(report).toMatchObject({ ok: false, events: 5, fault, unreadable: [fault] });
  });

  it("has a history, a feed and an audit log without it, which name it", async () => {
    const store = await opened();
    const { buckets, audit } = store.namespace();
    const versions = async (query = {}) => {
      const page = await buckets.history("films", { order: "asc", ...query });
      return { versions: page.results.map(({ version }) => version), ...page };
    };
    expect(await versions()).toMatchObject({ versions: [1, 2, 4, 5], unreadable: [named] });
    expect(await versions({ order: "desc" })).toMatchObject({ unreadable: [named] });
    expect(await versions({ from: "4" })).not.toHaveProperty("unreadable");
    const page = await versions({ limit: 2 });
    expect(page).not.toHaveProperty("unreadable");
    const next = await versions({ limit: 2, cursor: page.pagination.next_cursor });
    expect(next).toMatchObject({ versions: [4, 5], unreadable: [named] });
    await expect(buckets.entry("films", 3)).rejects.toMatchObject({
      code: "GONE",
      details: named,
    });
    expect((await buckets.entry("films", 4)).version).toBe(4);

    const feed = await store.events().page();
    expect(feed?.results.map(({ position }) => position)).toEqual([1, 2, 4, 5]);
    expect(feed?.unreadable).toMatchObject([named]);

    expect(await audit.list()).toMatchObject({ total: 5, unreadable: [named] });
    expect((await audit.list()).results).toHaveLength(4);
    expect((await audit.list({ actorId: "ana" })).results.length).toBe(4);
  });

  it("is read as of every version, and compared", async () => {
    const { buckets } = (await opened()).namespace();
    const then = async (asOf: string) => (await buckets.get("films", { asOf })).bucket.metadata;
    expect(await then("2")).toEqual({ n: 2, v2: true });
    expect(await then("3")).toEqual(isFolded ? { n: 3, v2: true, v3: true } : { n: 2, v2: true });
    expect(await then("4")).toEqual({ n: 4, v2: true, ...(isFolded && { v3: true }), v4: true });
    expect(await then("@5")).toMatchObject({ n: 5 });
    expect(await then("2026-10-01T12:00:02.000Z")).toMatchObject({ v2: true });
    expect((await buckets.list({ asOf: "@3" })).results).toHaveLength(1);
    expect((await buckets.get("films")).bucket.metadata).toMatchObject({ n: 5, v3: true });
    expect(await buckets.diff("films", { from: "2", to: "4" })).toContainEqual(
      expect.objectContaining({ path: "/metadata/n", value: 4 }),
    );
    const blame = await buckets.blame("films");
    expect(blame["/metadata/n"]).toMatchObject({ version: 5, actor: "ana" });
    expect(blame["/metadata/v3"]).toMatchObject({ version: 3 });
  });

  it("is replayed, for one bucket and for all", async () => {
    const store = await opened();
    const lines: unknown[] = [];
    for await (const line of store.namespace().buckets.replay("films")) lines.push(line);
    expect(lines).toHaveLength(6);
    expect(lines[2]).toMatchObject({ unreadable: named });
    expect(lines[5]).toMatchObject({ matches_view: isFolded });
    const report = await store.replay();
    expect(report).toMatchObject({ replayed: 5, matches_view: isFolded, unreadable: [fault] });
  });

  it("is rebuilt from what there is, written to, and reverted around", async () => {
    const store = await opened(false);
    const report = await store.rebuild();
    expect(report).toMatchObject({ replayed: 5, unreadable: [fault] });
    expect(report.differences === 0).toBe(isFolded);
    const { buckets } = store.namespace();
    const stale = buckets.patch("films", {}, { ifVersion: 2 });
    await expect(stale).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
    const { version } = await buckets.revert("films", { to: 2 });
    expect(version).toBe(6);
    await expect(buckets.revert("films", { undo: 3 })).rejects.toMatchObject({ code: "GONE" });
    expect(await store.verify()).toMatchObject({ events: 6, unreadable: [fault] });
  });

  it("names it in a header beside each form of a page of history", async () => {
    const service = await serveTest({ file });
    for (const accept of ["application/json", "application/x-ndjson", "text/csv"]) {
      const path = "/v1/buckets/films/history";
      const page = await service.get(path, { headers: { Accept: accept } });
      expect(page.headers.get("Content-Type")).toContain(accept);
      expect(page.headers.get("X-Unreadable"), accept).toBe("3");
      const later = await service.get(`${path}?from=4`, { headers: { Accept: accept } });
      expect(later.headers.get("X-Unreadable"), accept).toBeNull();
    }
  });

  it("is named by verify, and every other one with it", async () => {
    forge(file, ({ position }) => (position === 4 ? edit : {}));
    const { code, out } = await bucketlog(dirname(file), ["verify", "--file", file]);
    expect(code).toBe(4);
    expect(out.match(/^FAULT at position [34]: .*cannot be read/gm)).toHaveLength(2);
  });

  it("is exported and shown without it, which is said", async () => {
    for (const where of [[], ["films"]]) {
      const { code, out, err } = await bucketlog(dirname(file), [
        "export",
        ...where,
        "--file",
        file,
      ]);
      expect(code, err).toBe(1);
      expect(out.trimEnd().split("\n")).toHaveLength(4);
      expect(err).toContain("position 3");
      const shown = await bucketlog(dirname(file), ["log", ...where, "--file", file]);
      expect(shown.out.trimEnd().split("\n")).toHaveLength(4);
      expect(shown.code).toBe(0);
      expect(shown.err.match(/left out: the event at position 3/g)).toHaveLength(1);
    }
  });
});
