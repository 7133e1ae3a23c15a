/**
 * Goal: a history that was altered is neither answered nor written on, and says where. Method: somebody
 * with the file changes an event under the server, and in a file that is closed.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, it, vi } from "vitest";
import { serveStore } from "../../src/http/index.js";
import { openBuckets } from "../../src/index.js";
import { ReaderPool } from "../../src/readers/pool.js";
import { temporaryFile } from "../support/backends.js";
import { tamper } from "../support/forge.js";
import { at, eventsOf, makeBucket, type Service, serveTest } from "../support/server.js";

const altered = { code: "TAMPERED", details: { position: 2 } };

/** Two buckets; the description of the first is at position 2. */
async function two(options = {}) {
  const service = await serveTest(options);
  const path = await makeBucket(service);
  await service.patch(path, { description: "what was written" });
  const other = await makeBucket(service, { bucket_name: "other" });
  return { service, path, other };
}

function alter(file: string, sql = "UPDATE events SET body = replace(body, 'what was', 'never')") {
  tamper(file, (db) => db.exec(`${sql} WHERE position = 2`));
}

async function logCheck(service: Service) {
  const { checks } = await service.store.health();
  return checks.find(({ name }) => name === "log");
}

describe("an event that is altered under a server", () => {
  it.each([
    ["history", "/history"],
    ["replay", "/replay"],
    ["as of", "?as_of=2"],
  ])("is found by the %s that reads it: a 500 that names it", async (_, question) => {
    const { service, path, other } = await two();
    expect((await service.get(path + question)).status).toBe(200);
    alter(service.file);
    expect(await logCheck(service)).toMatchObject({ status: "pass" });
    const answer = await service.get(path + question);
    expect(answer.status).toBe(500);
    expect(at(answer, "error")).toMatchObject(altered);
    expect(at(answer, "error", "message")).toContain("position 2");
    expect(await logCheck(service)).toMatchObject({ status: "fail" });
    expect((await service.get("/readyz")).status).toBe(503);
    // Nothing is written on it, and what is sound is still read.
    const written = await service.patch(other, { description: "no" });
    expect(at(written, "error")).toMatchObject(altered);
    expect(await eventsOf(service, other)).toHaveLength(1);
  });

  it("ends pages of the feed right before it", async () => {
    const { service } = await two();
    alter(service.file);
    const page = await service.get("/v1/events?limit=10");
    expect(at(page, "results")).toMatchObject([{ position: 1 }]);
    const next = await service.get("/v1/events?limit=10&after=1");
    expect(at(next, "error")).toMatchObject(altered);
  });

  it("is found by its header as well, which the chain covers", async () => {
    const { service, path } = await two();
    alter(service.file, "UPDATE events SET recorded_at = recorded_at + 1");
    expect(at(await service.get(`${path}/history`), "error")).toMatchObject(altered);
  });

  it("is told to the server by a reader that finds it", async () => {
    const { service, path } = await two();
    const readers = new ReaderPool({
      countMax: 1,
      timeoutMs: 120_000,
      heapMegabytesMax: 256,
      settings: () => ({ store: { file: service.file }, app: {} }),
      onLine: () => {},
      onAltered: (fault) => service.store.integrity.report(fault),
    });
    const logger = pino({ level: "silent" });
    const { store } = service;
    const server = await serveStore({
      store,
      readers,
      logger,
      noAuth: true,
      host: "127.0.0.1",
      port: 0,
    });
    try {
      expect((await fetch(`${server.url}${path}/history`)).status).toBe(200);
      alter(service.file);
      expect((await fetch(`${server.url}${path}/history`)).status).toBe(500);
      const told = async () => expect(await logCheck(service)).toMatchObject({ status: "fail" });
      await vi.waitFor(told, { timeout: 60_000 });
    } finally {
      await server.close();
      await readers.close();
    }
  });
});

describe("a log that was altered while it was closed", () => {
  async function closed(sql?: string) {
    const file = temporaryFile();
    const store = await openBuckets<unknown>({ file });
    const { buckets } = store.namespace();
    await buckets.create({ bucket_name: "a", bucket_schema: { properties: {} } });
    await buckets.patch("a", { description: "what was written" });
    await store.close();
    alter(file, sql);
    return file;
  }

  it.each([
    ["the body", undefined],
    ["the type", "UPDATE events SET type = 'bucket.archived'"],
    ["the hash", "UPDATE events SET hash = zeroblob(32)"],
    ["an event", "DELETE FROM events"],
  ])("is found when it is opened, by %s", async (_, sql) => {
    await using store = await openBuckets<unknown>({ file: await closed(sql) });
    expect(await store.health()).toMatchObject({ ready: false });
    const { buckets } = store.namespace();
    await expect(buckets.patch("a", { description: "no" })).rejects.toMatchObject(altered);
    expect(await store.verify()).toMatchObject({ ok: false, fault: { position: 2 } });
  });

  it("is looked at from its end: 1,000 events, and no more", async () => {
    const file = temporaryFile();
    const store = await openBuckets<unknown>({ file, durability: "relaxed" });
    const { buckets } = store.namespace();
    await buckets.create({ bucket_name: "a", bucket_schema: { properties: {} } });
    const numbers = Array.from({ length: 1_001 }, (_, number) => number);
    await buckets.patch("a", { description: "what was written" });
    await Promise.all(numbers.map((number) => buckets.patch("a", { metadata: { number } })));
    await store.close();
    alter(file);
    await using opened = await openBuckets<unknown>({ file });
    expect(await opened.health()).toMatchObject({ ready: true });
    await expect(opened.namespace().buckets.history("a")).resolves.toBeDefined();
    const oldest = opened.namespace().buckets.history("a", { order: "asc" });
    await expect(oldest).rejects.toMatchObject(altered);
    expect(await opened.health()).toMatchObject({ ready: false });
  });
});

describe("bytes of a blob that are not what they were", () => {
  it("end the connection before the last of them, are counted and warned of", async () => {
    const { service, path } = await two();
    const data = Buffer.alloc(600_000, 7).toString("base64");
    const blobs = [{ property: "p", type: "image", data: `data:image/png;base64,${data}` }];
    const made = await service.post(`${path}/objects`, { blobs });
    const object = `${path}/objects/${at(made, "object_id")}`;
    const blob = `${object}/blobs/${at(made, "blobs", "0", "blob_id")}`;
    const hash = String(at(made, "blobs", "0", "details", "hash"));
    expect((await service.get(blob)).status).toBe(200);
    const file = join(`${service.file}.blobs`, hash.slice(0, 2), hash);
    writeFileSync(file, Buffer.alloc(600_000, 8));
    await expect(service.get(blob)).rejects.toThrow();
    const { checks } = await service.store.health();
    expect(checks.find(({ name }) => name === "blobs")).toMatchObject({ status: "warn" });
    expect((await service.get("/metrics")).text).toContain("bucketlog_damaged_blobs 1\n");
    expect((await service.get("/readyz")).status).toBe(200);
  });
});
