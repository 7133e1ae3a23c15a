/**
 * Goal: tokens that were made before there were events of tokens get them when the file is opened, once, and open
 * as before. Method: a file is put back to what the version before left, with its rows.
 */
import { hash } from "node:crypto";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { type OpenOptions, openBuckets } from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";
import { tamper } from "../support/forge.js";
import { openSqlite } from "../support/sqlite.js";

const secretKey = "5e".repeat(32);
const madeAt = Date.parse("2026-03-01T08:00:00.000Z");
const upgradedAt = Date.parse("2026-11-29T12:00:00.000Z");
const secret = (name: string) => `bkl_${name}-of-an-older-file`;

const rows = [
  ["ana", "admin", null, null],
  ["guest", "read", '["films"]', Date.parse("2026-06-01T00:00:00.000Z")],
] as const;

/** With a bucket, two tokens, and what was answered under the key of one. */
async function olderFile(): Promise<string> {
  const file = temporaryFile();
  const store = await openBuckets({ file, secretKey, clock: () => madeAt });
  await store.namespace().buckets.create({
    bucket_name: "films",
    bucket_schema: { properties: {} },
  });
  await store.close();
  const db = new Database(file);
  db.exec(
    "DROP TABLE access_tokens; DROP TABLE unrecorded_tokens; DROP TABLE namespace_totals; DELETE FROM migrations WHERE number >= 18",
  );
  const insert = db.prepare("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?)");
  for (const [name, permission, namespaces, expiresAt] of rows) {
    const digest = hash("sha256", secret(name), "buffer");
    insert.run(digest, name, permission, namespaces, madeAt, expiresAt);
  }
  const call = ["create_token", { name: "ana", permission: "admin" }];
  const answer = { name: "ana", permission: "admin", created_at: "2026-03-01T08:00:00.000Z" };
  db.prepare("INSERT INTO idempotency VALUES ('*/', 'first', ?, ?, ?)").run(
    hash("sha256", JSON.stringify(call)),
    upgradedAt - 1_000,
    JSON.stringify({ answer }),
  );
  db.close();
  return file;
}

const open = (file: string, options: Partial<OpenOptions> = {}) =>
  openBuckets({ file, secretKey, clock: () => upgradedAt, ...options });

async function tokenEvents(store: Awaited<ReturnType<typeof openBuckets>>) {
  const page = await store.events({ namespace: "*" }).page({ limit: 1_000 });
  return page?.results.filter(({ namespace }) => namespace === "_log") ?? [];
}

test("is not opened for reading before it was opened for writing", async () => {
  const file = await olderFile();
  await expect(open(file, { readOnly: true })).rejects.toMatchObject({ code: "FILE_INVALID" });
});

test("has the events of its tokens once it was opened, and not twice", async () => {
  const file = await olderFile();
  await (await open(file)).close();
  await using store = await open(file);
  const told = await tokenEvents(store);
  expect(told).toMatchObject([
    { type: "token.created", version: 1, actor: "local" },
    { type: "token.created", version: 1, actor: "local" },
  ]);
  const reason = "it was there before the log told of tokens";
  expect(told.map((event) => event.reason)).toEqual([reason, reason]);
  const [ana, guest] = await store.tokens.list();
  expect(told.map(({ stream }) => stream)).toEqual([ana?.token_id, guest?.token_id]);
  expect([ana, guest]).toMatchObject([
    { name: "ana", permission: "admin", created_at: "2026-03-01T08:00:00.000Z" },
    { namespaces: ["films"], expires_at: "2026-06-01T00:00:00.000Z" },
  ]);
  expect(store.tokens.authenticate(secret("ana"))).toMatchObject({ permission: "admin" });
  expect(await store.verify()).toMatchObject({ ok: true, not_checked: [expect.any(String)] });
  expect(await store.rebuild()).toMatchObject({ differences: 0 });
});

test("has them also when the first opening ended before that", async () => {
  const file = await olderFile();
  await openSqlite({ file }).close();
  await using beside = await open(file, { readOnly: true });
  expect((await beside.tokens.list()).map(({ name, token_id: id }) => [name, id])).toEqual([
    ["ana", undefined],
    ["guest", undefined],
  ]);
  expect(await beside.verify()).toMatchObject({ ok: true });
  await using store = await open(file);
  expect(await tokenEvents(store)).toHaveLength(2);
});

test("does not say who had access while the log told of no tokens", async () => {
  await using store = await open(await olderFile());
  for (const asOf of ["@1", "2026-05-03T00:00:00Z", "2026-02-01T00:00:00Z"]) {
    await expect(store.tokens.list({ asOf }), asOf).rejects.toMatchObject({
      code: "NOT_FOUND",
      details: { known_since: "2026-11-29T12:00:00.000Z" },
    });
  }
  // The other one had expired by then.
  const now = await store.tokens.list({ asOf: "2026-11-29T12:00:00Z" });
  expect(now.map(({ name }) => name)).toEqual(["ana"]);
});

test("answers again what was answered under a key, and frees names as ever", async () => {
  await using store = await open(await olderFile());
  const body = { name: "ana", permission: "admin" } as const;
  const idempotencyKey = "first";
  const again = await store.tokens.create(body, { idempotencyKey });
  expect(again).toMatchObject({ name: "ana", token: "********", replayed: true });
  const other = store.tokens.create({ ...body, permission: "read" }, { idempotencyKey });
  await expect(other).rejects.toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
  await store.tokens.revoke("ana");
  expect(store.tokens.authenticate(secret("ana"))).toBeUndefined();
  await store.tokens.create(body);
});

test("does not make rows good that were altered before", async () => {
  const file = await olderFile();
  await openSqlite({ file }).close();
  // Sealed by whoever has the key, and then raised by somebody who has not.
  const db = new Database(file);
  const names = db.prepare("DELETE FROM unrecorded_tokens RETURNING name").pluck().all();
  db.close();
  await (await open(file)).close();
  const beside = new Database(file);
  beside.exec("UPDATE tokens SET permission = 'admin' WHERE name = 'guest'");
  for (const name of names) beside.prepare("INSERT INTO unrecorded_tokens VALUES (?)").run(name);
  beside.close();
  await using store = await open(file);
  expect(await tokenEvents(store)).toHaveLength(2);
  const { ok, fault } = await store.verify();
  expect([ok, fault?.problem]).toEqual([false, "the row guest of tokens was altered"]);
});

test.each([
  ["its disk is full", { minFreeBytes: Number.MAX_SAFE_INTEGER }, () => {}],
  [
    "its log was altered",
    {},
    (file: string) => tamper(file, (db) => db.exec("UPDATE events SET body = '{}'")),
  ],
] as const)(
  "is opened all the same where %s, and opens for its tokens",
  async (_, options, alter) => {
    const file = await olderFile();
    // The copy of before the upgrade needs the room that is there.
    await openSqlite({ file }).close();
    alter(file);
    await using store = await open(file, options);
    expect(await tokenEvents(store).catch(() => [])).toEqual([]);
    expect(store.tokens.authenticate(secret("ana"))).toMatchObject({ name: "ana" });
  },
);
