/**
 * The audit of reads: off unless it is turned on; then every read leaves a row that is no event, that
 * nobody can alter or take away unseen, and that is told of beside the events.
 */
import Database from "better-sqlite3";
import { pino } from "pino";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { serveStore } from "../../src/http/index.js";
import { connectBuckets, openBuckets, restoreBackup } from "../../src/index.js";
import { ReaderPool } from "../../src/readers/pool.js";
import { rotateSecretKey } from "../../src/secret-keys.js";
import { temporaryFile } from "../support/backends.js";
import { deepTest } from "../support/depth.js";
import {
  type Answer,
  at,
  expectRefusal,
  makeBucket,
  type Service,
  serveTest,
  TestClock,
  textAt,
  tokens,
} from "../support/server.js";

const settings = "/v1/organizations/audit/settings";
const logs = "/v1/organizations/audit/logs";
const day = 24 * 60 * 60 * 1_000;

const Told = z.object({
  total: z.number(),
  next_cursor: z.string().optional(),
  results: z.array(z.looseObject({ action: z.string(), resource_id: z.string() })),
});

function told(answer: Answer): readonly string[] {
  return Told.parse(answer.body).results.map(({ action, resource_id: id }) => `${action} ${id}`);
}

const turnOn = (service: Service) => service.patch(settings, { read_auditing_enabled: true });

describe("the settings of the audit", () => {
  test("take a yes or no alone, from who may see the whole store", async () => {
    const service = await serveTest();
    const misfit = await service.patch(settings, { read_auditing_enabled: "yes" });
    expectRefusal(misfit, 422, "ValidationError");
    const conditional = { headers: { "If-Match": "*" } };
    expectRefusal(await service.patch(settings, {}, conditional), 400, "BadRequestError");
    expectRefusal(await service.get(settings, { token: "write" }), 403, "ForbiddenError");
    const { token } = await service.store.tokens.create({
      name: "films-only",
      permission: "admin",
      namespaces: ["films"],
    });
    const limited = { headers: { Authorization: `Bearer ${token}` }, namespace: "films" };
    expectRefusal(await service.get(settings, limited), 403, "ForbiddenError");
    expectRefusal(await service.patch(settings, {}, limited), 403, "ForbiddenError");
    const opens = service.store.organization({ opens: ["films"] });
    await expect(opens.auditSettings.get()).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect((await service.get(settings)).body).toEqual({ read_auditing_enabled: false });
  });

  test("are told of in the audit log, as often as they change", async () => {
    const service = await serveTest();
    const remote = connectBuckets<unknown>({
      baseUrl: service.url,
      token: tokens.admin,
    }).organization();
    const on = { read_auditing_enabled: true };
    expect(await remote.auditSettings.patch(on)).toEqual(on);
    expect(await remote.auditSettings.patch(on)).toEqual(on);
    expect(await remote.auditSettings.patch({})).toEqual(on);
    expect(await remote.auditSettings.get()).toEqual(on);
    await service.patch(settings, { read_auditing_enabled: false });
    const { results } = await remote.audit.list({ action: "organization_updated" });
    expect(results.map(({ actor_id, changes }) => [actor_id, changes])).toEqual([
      ["admin", [{ op: "replace", path: "/read_auditing_enabled", value: false, was: true }]],
      ["admin", [{ op: "replace", path: "/read_auditing_enabled", value: true, was: false }]],
    ]);
  });
});

describe("reads", () => {
  test("leave nothing while they are not audited", async () => {
    const service = await serveTest();
    await service.get(await makeBucket(service));
    expect(told(await service.get(logs))).toEqual([expect.stringContaining("bucket_created")]);
    const { verify } = { verify: await service.store.verify() };
    expect(verify).toMatchObject({ ok: true, reads: { checked: 0 } });
  });

  test("leave a row each, with who and from where, and no event", async () => {
    const service = await serveTest();
    const bucket = await makeBucket(service, { bucket_name: "films" });
    const object = textAt(await service.post(`${bucket}/objects`, {}), "object_id");
    await turnOn(service);
    const { position } = await service.store.head();
    const headers = { "User-Agent": "curl/8" };
    await service.get(`${bucket}/objects/${object}`, { token: "read", headers });
    await service.post("/v1/buckets/list", {}, { token: "read" });
    await service.get("/v1/buckets/films", { token: "read" });
    expectRefusal(await service.get("/v1/buckets/absent"), 404, "NotFoundError");
    await service.get("/v1/admin/tokens");
    const tokensRead = await service.get(`${logs}?action=organization_accessed`);
    expect(told(tokensRead)).toEqual(["organization_accessed org_local"]);
    expectRefusal(await service.get(logs, { token: "read" }), 403, "ForbiddenError");
    const read = await service.get(`${logs}?actor_id=read`);
    expect(told(read)).toEqual([
      "bucket_accessed films",
      "namespace_accessed default",
      `object_accessed ${object}`,
    ]);
    expect(at(read, "results", "2")).toMatchObject({
      resource_type: "object",
      namespace_id: "default",
      actor_id: "read",
      actor_type: "api_key",
      status: "success",
      changes: [],
      ip_address: "127.0.0.1",
      user_agent: "curl/8",
    });
    const id = String(at(read, "results", "2", "audit_id"));
    expect((await service.get(`${logs}/${id}`)).body).toEqual(at(read, "results", "2"));
    expect((await service.store.head()).position).toBe(position);
    const verified = await service.store.verify();
    expect(verified).toMatchObject({ ok: true, reads: { checked: 8 } });
    expect(await service.store.rebuild()).toMatchObject({ differences: 0 });
  });

  test("are paged with the events, newest first, each once", async () => {
    const clock = new TestClock();
    const service = await serveTest({ clock: clock.read });
    await turnOn(service);
    for (const name of ["a", "b", "c"]) {
      clock.advance(1_000);
      const bucket = await makeBucket(service, { bucket_name: name });
      clock.advance(1_000);
      await service.get(bucket, { token: "read" });
    }
    clock.advance(1_000);
    const whole = await service.get(`${logs}?resource_type=bucket`);
    expect(told(whole)).toHaveLength(6);
    expect(Told.parse(whole.body).total).toBe(6);
    const paged: string[] = [];
    let cursor = "";
    do {
      const page = await service.get(`${logs}?resource_type=bucket&limit=2${cursor}`);
      paged.push(...told(page));
      const { next_cursor: next } = Told.parse(page.body);
      cursor = next === undefined ? "" : `&cursor=${next}`;
    } while (cursor !== "");
    expect(paged).toEqual(told(whole));
    const skipped = await service.get(`${logs}?resource_type=bucket&skip=1&limit=2`);
    expect(told(skipped)).toEqual(told(whole).slice(1, 3));
    const since = new Date(clock.now - 2_500).toISOString();
    expect(told(await service.get(`${logs}?resource_type=bucket&start=${since}`))).toEqual(
      told(whole).slice(0, 2),
    );
  });

  test("are told of to a token only as far as it opens their namespace", async () => {
    const service = await serveTest();
    const films = await makeBucket(service, { bucket_name: "a" }, { namespace: "films" });
    const songs = await makeBucket(service, { bucket_name: "b" }, { namespace: "songs" });
    await turnOn(service);
    await service.get(films, { namespace: "films" });
    await service.get(songs, { namespace: "songs" });
    const { token } = await service.store.tokens.create({
      name: "films-only",
      permission: "admin",
      namespaces: ["films"],
    });
    const seen = await service.get(logs, { headers: { Authorization: `Bearer ${token}` } });
    const id = films.split("/").at(-1);
    expect(told(seen)).toEqual([`bucket_accessed ${id}`, `bucket_created ${id}`]);
    const named = await service.get(`${logs}?action=bucket_accessed`, { namespace: "songs" });
    expect(told(named)).toEqual([`bucket_accessed ${songs.split("/").at(-1)}`]);
  });

  test("are told of once where another thread answers them", async () => {
    const service = await serveTest();
    await makeBucket(service, { bucket_name: "films" });
    const pool = new ReaderPool({
      countMax: 1,
      onLine: () => {},
      onAltered: () => {},
      settings: () => ({ store: { file: service.file }, app: {} }),
      timeoutMs: 120_000,
      heapMegabytesMax: 256,
    });
    const there = await serveStore({
      store: service.store,
      readers: pool,
      logger: pino({ level: "silent" }),
      host: "127.0.0.1",
      port: 0,
    });
    onTestFinished(async () => {
      await there.close();
      await pool.close();
    });
    await turnOn(service);
    const remote = connectBuckets<unknown>({ baseUrl: there.url, token: tokens.admin });
    await remote.namespace().buckets.list();
    const { results } = await remote.organization().audit.list();
    expect(results.map(({ action }) => action)).toEqual([
      "namespace_accessed",
      "organization_updated",
      "bucket_created",
    ]);
    await remote.close();
  });

  test("are refused where nobody could tell of them", async () => {
    const file = temporaryFile();
    const writer = await openBuckets<unknown>({ file });
    await writer.organization().auditSettings.patch({ read_auditing_enabled: true });
    await writer.close();
    for (const options of [{ readOnly: true }, { withoutSecrets: true }]) {
      await using store = await openBuckets<unknown>({ file, ...options });
      const code = options.readOnly === true ? "READ_ONLY" : "KEY_MISSING";
      await expect(store.reads.begin()).rejects.toMatchObject({ code });
    }
  });

  test("are written before the store is closed, and kept for as long as it was said", async () => {
    const file = temporaryFile();
    const clock = new TestClock();
    const read = (resourceId: string) => ({
      namespace: "default",
      resourceType: "bucket",
      resourceId,
      actor: "me",
    });
    const open = () => openBuckets<unknown>({ file, clock: clock.read, readAuditDays: 7 });
    const first = await open();
    await first.organization().auditSettings.patch({ read_auditing_enabled: true });
    expect(await first.reads.begin()).toBe(true);
    first.reads.record(read("a"));
    await first.close();
    clock.advance(6 * day);
    await using store = await open();
    store.reads.record(read("b"));
    const kept = async () => {
      const { results } = await store.organization().audit.list();
      return results.map(({ resource_id }) => resource_id);
    };
    expect(await kept()).toEqual(["b", "a", "org_local"]);
    clock.advance(2 * day);
    store.reads.record(read("c"));
    expect(await kept()).toEqual(["c", "b"]);
    expect(await store.verify()).toMatchObject({ ok: true, reads: { checked: 2 } });
  });
});

describe("a row of the audit of reads", () => {
  async function fileWithReads(): Promise<string> {
    const file = temporaryFile();
    await using store = await openBuckets<unknown>({ file });
    await store.organization().auditSettings.patch({ read_auditing_enabled: true });
    for (const resourceId of ["a", "b", "c"]) {
      store.reads.record({ namespace: "default", resourceType: "bucket", resourceId, actor: "me" });
    }
    return file;
  }

  function alter(file: string, sql: string): void {
    const db = new Database(file);
    db.exec(sql);
    db.close();
  }

  async function verified(file: string) {
    await using store = await openBuckets<unknown>({ file, readOnly: true });
    return await store.verify();
  }

  test.each([
    ["is altered", "UPDATE reads SET actor = 'nobody' WHERE sequence = 3", /row 3 was altered/],
    ["is taken away", "DELETE FROM reads WHERE sequence = 3", /row 3 is gone/],
    ["is the first, and taken away", "DELETE FROM reads WHERE sequence = 1", /row 1 is gone/],
    ["is the last, and taken away", "DELETE FROM reads WHERE sequence = 4", /row 4 is gone/],
    ["is said not to be due", "UPDATE read_auditing SET last = 3", /which rows there must be was/],
    ["is put in front", "UPDATE read_auditing SET first = 2", /which rows there must be was/],
    ["tells that nothing is audited", "UPDATE read_auditing SET is_enabled = 0", /must be was/],
    ["is there without what tells so", "DELETE FROM read_auditing", /must be is gone/],
  ])("that %s is found by verify", async (_, sql, problem) => {
    const file = await fileWithReads();
    expect(await verified(file)).toMatchObject({ ok: true, reads: { checked: 4 } });
    alter(file, sql);
    const report = await verified(file);
    expect(report).toMatchObject({ ok: false });
    expect(report.fault?.problem).toMatch(problem);
  });

  test("is still known after the key of the secrets was rotated, twice", async () => {
    const file = await fileWithReads();
    await rotateSecretKey({ file });
    {
      await using store = await openBuckets<unknown>({ file });
      store.reads.record({ namespace: "d", resourceType: "bucket", resourceId: "d", actor: "me" });
    }
    await rotateSecretKey({ file });
    expect(await verified(file)).toMatchObject({ ok: true, reads: { checked: 5 } });
    alter(file, "UPDATE reads SET actor = 'nobody' WHERE sequence = 2");
    expect(await verified(file)).toMatchObject({ ok: false, reads: { checked: 1 } });
  });

  deepTest("is taken along by a backup, also to a store as it was before the row", async () => {
    const file = await fileWithReads();
    await rotateSecretKey({ file });
    const to = `${file}.copy`;
    const passphrase = "of this test alone";
    {
      await using store = await openBuckets<unknown>({ file });
      await store
        .namespace()
        .buckets.create({ bucket_name: "a", bucket_schema: { properties: {} } });
      await store
        .namespace()
        .buckets.create({ bucket_name: "b", bucket_schema: { properties: {} } });
      await store.backup(to, { passphrase });
    }
    for (const at of [undefined, "@1"]) {
      const restored = `${file}.${at === undefined ? "now" : "then"}`;
      await restoreBackup(to, restored, { passphrase, ...(at !== undefined && { at }) });
      expect(await verified(restored)).toMatchObject({ ok: true, reads: { checked: 4 } });
    }
  });
});
