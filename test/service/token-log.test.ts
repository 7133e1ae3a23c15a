/**
 * Goal: who had access, and who gave and took it, is in the log like everything else. Method: one story,
 * told through the library, in memory, and over HTTP, and then what can go wrong beside it.
 */
import { writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type BucketStore,
  connectBuckets,
  type FeedEvent,
  importLog,
  openBuckets,
  restoreBackup,
} from "../../src/index.js";
import { temporaryFile, temporaryFolder } from "../support/backends.js";
import { tamper } from "../support/forge.js";
import { MovingClock } from "../support/moving-clock.js";
import { filesBeside, serve, startOfTime, TestClock, tokens } from "../support/server.js";

const day = 24 * 60 * 60 * 1_000;
const at = (days: number) => new Date(startOfTime + days * day).toISOString();

interface Told {
  readonly clock: TestClock;
  readonly store: BucketStore<unknown>;
}

/** A store that is closed when the test is over. */
const stores: Readonly<Record<string, () => Promise<Told>>> = {
  "a file": async () => {
    const clock = new TestClock();
    const store = await openBuckets<unknown>({ file: temporaryFile(), clock: clock.read });
    onTestFinished(() => store.close());
    return { clock, store };
  },
  "a store in memory": async () => {
    const clock = new TestClock();
    const store = await openBuckets<unknown>({ file: ":memory:", clock: clock.read });
    onTestFinished(() => store.close());
    return { clock, store };
  },
  "a server": async () => {
    const clock = new TestClock();
    const service = await serve({ clock: clock.read });
    const store = connectBuckets<unknown>({ baseUrl: service.url, token: tokens.admin });
    onTestFinished(async () => {
      await store.close();
      await service.close();
    });
    return { clock, store };
  },
};

async function eventsOf(store: BucketStore<unknown>): Promise<readonly FeedEvent[]> {
  const page = await store.events({ namespace: "*" }).page({ limit: 1_000 });
  return page?.results.filter(({ type }) => type.startsWith("token.")) ?? [];
}

describe.each(Object.entries(stores))("%s", (_, open) => {
  test("does not know who had access at no moment, or at one that has not come", async () => {
    const { store } = await open();
    for (const [asOf, code] of [
      ["3", "BAD_REQUEST"],
      ["yesterday", "BAD_REQUEST"],
      ["@1", "NOT_FOUND"],
      [at(1), "NOT_FOUND"],
    ] as const) {
      await expect(store.tokens.list({ asOf }), asOf).rejects.toMatchObject({ code });
    }
    expect(await store.tokens.list({ asOf: at(-1) })).toEqual([]);
  });

  test("tells who had access on each day, and who gave and took it", async () => {
    const { clock, store } = await open();
    const ana = await store.tokens.create(
      { name: "ana", permission: "write", namespaces: ["films"] },
      { reason: "she edits films" },
    );
    const guest = await store.tokens.create({
      name: "guest",
      permission: "read",
      expires_at: at(3),
    });
    clock.advance(day);
    await store.tokens.rotate("ana");
    clock.advance(day);
    await store.tokens.revoke("ana", { reason: "she left" });
    clock.advance(day);
    const again = await store.tokens.create({ name: "ana", permission: "admin" });
    clock.advance(day);

    const ids = async (asOf?: string) =>
      (await store.tokens.list({ asOf })).map(({ token_id: id }) => id);
    expect(ana.token_id).toMatch(/^tok_[0-9a-z]{26}$/);
    expect(again.token_id).not.toBe(ana.token_id);
    expect(await ids(at(-1))).toEqual([]);
    expect(await ids(at(0))).toEqual([ana.token_id, guest.token_id]);
    expect(await ids(at(1.5))).toEqual([ana.token_id, guest.token_id]);
    expect(await ids(at(2.5))).toEqual([guest.token_id]);
    // To the millisecond: from its end on it opens nothing.
    expect(await ids(at(3))).toEqual([again.token_id]);
    expect(await ids(at(4))).toEqual([again.token_id]);
    // What there is is told with what has expired.
    expect(await ids()).toEqual([again.token_id, guest.token_id]);
    const [then] = await store.tokens.list({ asOf: at(0) });
    expect(then).toEqual({
      token_id: ana.token_id,
      name: "ana",
      permission: "write",
      namespaces: ["films"],
      created_at: at(0),
    });

    const told = await eventsOf(store);
    expect(told.map(({ type, stream, version }) => [type, stream, version])).toEqual([
      ["token.created", ana.token_id, 1],
      ["token.created", guest.token_id, 1],
      ["token.rotated", ana.token_id, 2],
      ["token.revoked", ana.token_id, 3],
      ["token.created", again.token_id, 1],
    ]);
    expect(new Set(told.map(({ namespace }) => namespace))).toEqual(new Set(["_log"]));
    expect(told.map(({ reason }) => reason)).toEqual([
      "she edits films",
      undefined,
      undefined,
      "she left",
      undefined,
    ]);
    for (const { position } of told.slice(0, 2)) {
      expect(await ids(`@${position}`)).toHaveLength(position - (told[0]?.position ?? 0) + 1);
    }

    const { results } = await store.organization().audit.list({ resourceType: "api_key" });
    expect(results.map(({ action, resource_id: id }) => [action, id])).toEqual([
      ["api_key_created", again.token_id],
      ["api_key_revoked", ana.token_id],
      ["api_key_rotated", ana.token_id],
      ["api_key_created", guest.token_id],
      ["api_key_created", ana.token_id],
    ]);
    const revoked = await store
      .organization()
      .audit.list({ resourceType: "token", action: "token_revoked" });
    expect(revoked.results).toMatchObject([{ action: "api_key_revoked", changes: [] }]);
    const everything = JSON.stringify([told, results]);
    for (const { token } of [ana, guest, again]) expect(everything).not.toContain(token);
    expect(await store.verify()).toMatchObject({ ok: true });
    expect(await store.rebuild()).toMatchObject({ differences: 0 });
  });

  test("keeps a name that is taken, and frees it with the token", async () => {
    const { store } = await open();
    await store.tokens.create({ name: "ana", permission: "read" });
    const again = store.tokens.create({ name: "ana", permission: "admin" });
    await expect(again).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    const both = await Promise.allSettled(
      [1, 2].map(() => store.tokens.create({ name: "ben", permission: "read" })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await store.tokens.revoke("ana");
    for (const change of [store.tokens.revoke("ana"), store.tokens.rotate("ana")]) {
      await expect(change).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
    await store.tokens.create({ name: "ana", permission: "read" });
    expect(await eventsOf(store)).toHaveLength(4);
  });

  test("records what is done under a key once", async () => {
    const { store } = await open();
    const body = { name: "ana", permission: "read" };
    const under = (idempotencyKey: string) => ({ idempotencyKey });
    const first = await store.tokens.create(body, under("make"));
    await store.tokens.rotate("ana", under("rotate"));
    await store.tokens.revoke("ana", under("revoke"));
    expect(await store.tokens.create(body, under("make"))).toEqual({
      ...first,
      token: "********",
      replayed: true,
    });
    expect(await store.tokens.rotate("ana", under("rotate"))).toMatchObject({ replayed: true });
    expect(await store.tokens.revoke("ana", under("revoke"))).toEqual({ replayed: true });
    expect(await eventsOf(store)).toHaveLength(3);
  });
});

test("no file holds a secret or its digest in an event", async () => {
  const file = temporaryFile();
  const store = await openBuckets({ file });
  const { token } = await store.tokens.create({ name: "ana", permission: "read" });
  const lines: string[] = [];
  for await (const text of store.exportLog()) lines.push(text);
  await store.close();
  const db = new Database(file, { readonly: true });
  const digest = db.prepare("SELECT hex(digest) FROM tokens").pluck().get();
  db.close();
  const log = lines.join("").toLowerCase();
  expect(log).toContain("token.created");
  expect(log).not.toContain(String(digest).toLowerCase());
  for (const [name, bytes] of filesBeside(file)) expect(bytes.includes(token), name).toBe(false);
});

test("one that rotates what another revokes is refused, and nothing opens", async () => {
  await using store = await openBuckets({ file: temporaryFile() });
  const first = await store.tokens.create({ name: "ana", permission: "read" });
  const [revoked, rotated] = await Promise.allSettled([
    store.tokens.revoke("ana"),
    store.tokens.rotate("ana"),
  ]);
  expect(revoked.status).toBe("fulfilled");
  expect(rotated).toMatchObject({ reason: { code: "NOT_FOUND" } });
  expect(store.tokens.authenticate(first.token)).toBeUndefined();
  expect(store.tokens.count).toBe(0);
});

test("of two secrets that are made at once the last opens, after a restart as well", async () => {
  const file = temporaryFile();
  let store = await openBuckets({ file });
  const first = await store.tokens.create({ name: "ana", permission: "read" });
  const rotated = await Promise.all([store.tokens.rotate("ana"), store.tokens.rotate("ana")]);
  const opens = () =>
    [first, ...rotated].map(({ token }) => store.tokens.authenticate(token) !== undefined);
  expect(opens()).toEqual([false, false, true]);
  await store.close();
  store = await openBuckets({ file });
  expect(opens()).toEqual([false, false, true]);
  await store.close();
});

describe("what opens is what the log says, also where the outcome of a write is unknown", () => {
  test.each(["revoke", "rotate"] as const)("and it was kept: %s", async (change) => {
    const file = temporaryFile();
    const clock = new MovingClock(file);
    await using store = await openBuckets({ file, clock: clock.read });
    const { token } = await store.tokens.create({ name: "ana", permission: "read" });
    expect(store.tokens.authenticate(token)).toMatchObject({ name: "ana" });
    clock.moveAway();
    await expect(store.tokens[change]("ana", { idempotencyKey: "once" })).rejects.toMatchObject({
      code: "OUTCOME_UNKNOWN",
    });
    clock.putBack();
    expect(store.tokens.authenticate(token)).toBeUndefined();
    await expect.poll(() => store.health()).toMatchObject({ ready: true });
    const again = await store.tokens[change]("ana", { idempotencyKey: "once" });
    expect(again.replayed).toBe(true);
    expect(store.tokens.authenticate(token)).toBeUndefined();
  });

  test("and the store had to open its file anew", async () => {
    const file = temporaryFile();
    await using store = await openBuckets({ file });
    const { token } = await store.tokens.create({ name: "ana", permission: "read" });
    // As if an epoch had never reached the disk, and a row had gone with what nobody knows of.
    const beside = new Database(file);
    beside.exec("UPDATE head SET owner_epoch = owner_epoch - 1; DELETE FROM tokens");
    beside.close();
    await expect(store.tokens.create({ name: "ben", permission: "read" })).rejects.toMatchObject({
      code: "NOT_READY",
    });
    await expect.poll(() => store.health()).toMatchObject({ ready: true });
    expect(store.tokens.authenticate(token)).toBeUndefined();
  });
});

describe("what opens is written with its event, or neither is", () => {
  test.each([
    ["the row", "BEFORE INSERT ON tokens"],
    ["the event", "BEFORE INSERT ON events"],
  ])("where %s cannot be written", async (_, when) => {
    const file = temporaryFile();
    await using store = await openBuckets({ file });
    await store.tokens.create({ name: "ana", permission: "read" });
    const head = await store.head();
    const beside = new Database(file);
    beside.exec(`CREATE TRIGGER stop ${when} BEGIN SELECT RAISE(ABORT, 'not now'); END`);
    const changes = await Promise.allSettled([
      store.tokens.create({ name: "ben", permission: "admin" }),
      store.tokens.rotate("ana"),
    ]);
    expect(changes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await store.head()).toEqual(head);
    expect((await store.tokens.list()).map(({ name }) => name)).toEqual(["ana"]);
    expect(store.tokens.count).toBe(1);
    beside.exec("DROP TRIGGER stop");
    beside.close();
    await store.tokens.create({ name: "ben", permission: "admin" });
    expect(await store.verify()).toMatchObject({ ok: true });
  });
});

describe("verify tells, also without the key,", () => {
  const slipped = "INSERT INTO tokens VALUES (x'00', 'mine', 'admin', NULL, 0, NULL)";

  test.each([
    [slipped, '"mine" was put in beside the log'],
    ["UPDATE tokens SET permission = 'admin'", '"ana" was altered'],
    ["UPDATE tokens SET expires_at = NULL", '"ana" was altered'],
    [`UPDATE tokens SET namespaces = '["films", "secret"]'`, '"ana" was altered'],
  ])("of %s", async (sql, problem) => {
    const file = temporaryFile();
    const store = await openBuckets({ file, withoutSecrets: true });
    await store.tokens.create({
      name: "ana",
      permission: "read",
      namespaces: ["films"],
      expires_at: "2036-01-01",
    });
    await store.close();
    tamper(file, (db) => db.exec(sql));
    await using again = await openBuckets({ file, withoutSecrets: true });
    const { ok, fault } = await again.verify();
    expect([ok, fault?.problem]).toEqual([false, expect.stringContaining(problem)]);
  });

  test("until what was slipped in is revoked, which is told of as well", async () => {
    const file = temporaryFile();
    await (await openBuckets({ file })).close();
    tamper(file, (db) => db.exec(slipped));
    await using store = await openBuckets({ file, withoutSecrets: true });
    expect(await store.verify()).toMatchObject({ ok: false });
    await store.tokens.revoke("mine");
    expect((await eventsOf(store)).map(({ type }) => type)).toEqual([
      "token.created",
      "token.revoked",
    ]);
    expect(await store.tokens.list()).toEqual([]);
    expect(await store.verify()).toMatchObject({ ok: true });
  });
});

test("a store that is made of a log knows who had access, and gives it to nobody", async () => {
  const folder = temporaryFolder();
  const [file, log] = [`${folder}/made.db`, `${folder}/log.ndjson`];
  const first = await openBuckets({ file: temporaryFile() });
  const { token, token_id: id } = await first.tokens.create({ name: "ana", permission: "admin" });
  const lines: string[] = [];
  for await (const text of first.exportLog()) lines.push(text);
  writeFileSync(log, lines.join(""));
  const { position } = await first.head();
  await first.close();
  await importLog(log, file);
  await using store = await openBuckets({ file });
  expect(await store.tokens.list({ asOf: `@${position}` })).toMatchObject([{ token_id: id }]);
  expect([await store.tokens.list(), store.tokens.count]).toEqual([[], 0]);
  expect(store.tokens.authenticate(token)).toBeUndefined();
  expect(await store.verify()).toMatchObject({ ok: true });
  const taken = store.tokens.create({ name: "ana", permission: "read" });
  await expect(taken).rejects.toMatchObject({ code: "ALREADY_EXISTS", details: { token_id: id } });
  const rotated = await store.tokens.rotate("ana");
  expect(rotated.token_id).toBe(id);
  expect(store.tokens.authenticate(rotated.token)).toMatchObject({ permission: "admin" });
});

test("an earlier moment of a backup opens for who had access when it was taken, and says so", async () => {
  const folder = temporaryFolder();
  const store = await openBuckets({ file: temporaryFile() });
  await store.tokens.create({ name: "old", permission: "read" });
  const changed = await store.tokens.create({ name: "changed", permission: "read" });
  const { position } = await store.head();
  await store.tokens.revoke("changed");
  const other = await store.tokens.create({ name: "changed", permission: "admin" });
  const later = await store.tokens.create({ name: "later", permission: "write" });
  await store.backup(`${folder}/backup`);
  await store.close();
  const file = `${folder}/earlier.db`;
  await restoreBackup(`${folder}/backup`, file, { at: `@${position}` });
  await using earlier = await openBuckets({ file, withoutSecrets: true });
  expect((await earlier.tokens.list()).map(({ name }) => name)).toEqual(["later", "old"]);
  expect(earlier.tokens.authenticate(later.token)).toMatchObject({ name: "later" });
  // Of that name the log knows another one by then.
  for (const { token } of [changed, other]) {
    expect(earlier.tokens.authenticate(token)).toBeUndefined();
  }
  expect((await eventsOf(earlier)).at(-1)).toMatchObject({
    type: "token.created",
    position: position + 1,
    reason: "it was there before the log told of tokens",
  });
  expect(await earlier.verify()).toMatchObject({ ok: true });
});
