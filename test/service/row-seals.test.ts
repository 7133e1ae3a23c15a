/**
 * Goal: rows that are no fold of the log, such as access tokens, cannot be changed unseen by whoever has
 * the file and not the key. Method: each change is made in a closed file, and verified.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import { rotateSecretKey } from "../../src/secret-keys.js";
import { temporaryFile } from "../support/backends.js";
import { tamper } from "../support/forge.js";

const secretKey = "5e".repeat(32);

/** A closed file with tokens, answered keys and secrets. */
async function filled(options: { secretKey?: string } = { secretKey }) {
  const file = temporaryFile();
  await using store = await openBuckets({ file, ...options });
  for (const name of ["reader", "writer"]) {
    await store.tokens.create({ name, permission: name === "reader" ? "read" : "write" });
  }
  const { buckets, connections } = store.namespace();
  for (const name of ["a", "b"]) {
    const idempotencyKey = `key-${name}`;
    const bucket_schema = { properties: {} };
    await buckets.create({ bucket_name: name, bucket_schema }, { idempotencyKey });
    const credentials = { type: "api_key", api_key: `secret ${name}` };
    await connections.create({ name, provider_type: "mux", provider_config: { credentials } });
  }
  return file;
}

async function verify(file: string, options: { secretKey?: string } = { secretKey }) {
  await using store = await openBuckets({ file, readOnly: true, ...options });
  return await store.verify({ blobs: "content" });
}

test("what the store itself writes, changes and removes is in order", async () => {
  const file = await filled();
  const report = await verify(file);
  expect(report).toMatchObject({ ok: true, not_checked: [] });
  expect(report.rows?.checked).toBeGreaterThanOrEqual(6);
  await using store = await openBuckets({ file, secretKey });
  await store.tokens.revoke("reader");
  await store.tokens.create({ name: "another", permission: "admin" });
  const { buckets } = store.namespace();
  await buckets.patch("a", { description: "x" }, { idempotencyKey: "third" });
  const after = await store.verify();
  expect(after).toMatchObject({ ok: true });
  expect(after.rows?.checked).toBe((report.rows?.checked ?? 0) + 1);
});

describe("is found in", () => {
  test.each([
    ["a token that was raised", "UPDATE tokens SET permission = 'admin'", "of tokens was altered"],
    [
      "a token that was slipped in",
      "INSERT INTO tokens VALUES (x'00', 'mine', 'admin', NULL, 0, NULL)",
      "the row mine of tokens was not written by this store",
    ],
    ["tokens that are gone", "DELETE FROM tokens", "rows of tokens are gone"],
    [
      "a token that is gone with its MAC",
      "DELETE FROM tokens WHERE name = 'reader'; DELETE FROM row_macs WHERE row_key = 'reader'",
      "rows of tokens are gone",
    ],
    [
      "one that has the place of another",
      `UPDATE tokens SET permission = 'admin' WHERE name = 'reader';
       UPDATE row_macs SET mac = (SELECT mac FROM row_macs WHERE row_key = 'writer') WHERE row_key = 'reader'`,
      "of tokens was altered",
    ],
    [
      "an answered key",
      "UPDATE idempotency SET fingerprint = 'other'",
      "of idempotency was altered",
    ],
    [
      "secrets that were exchanged",
      `UPDATE secrets SET (nonce, ciphertext) = (SELECT nonce, ciphertext FROM secrets ORDER BY reference DESC LIMIT 1)`,
      "of secrets was altered",
    ],
    [
      "bytes that arrived for an upload",
      "INSERT INTO received VALUES ('upl_1', 'hash', 1, 1)",
      // It was empty, and nothing had sealed it.
      undefined,
    ],
    [
      "what tells how many there are",
      "DELETE FROM tokens; DELETE FROM row_macs; UPDATE table_macs SET count = 0, sum = zeroblob(32)",
      "what tells which rows tokens must have was altered",
    ],
  ])("%s", async (_, sql, problem) => {
    const file = await filled();
    tamper(file, (db) => db.exec(sql));
    for (const time of ["before", "after"]) {
      const report = await verify(file);
      if (problem === undefined) {
        expect(report.not_checked?.join()).toContain("the rows of received");
        return;
      }
      expect(report, time).toMatchObject({
        ok: false,
        fault: { problem: expect.stringContaining(problem) },
      });
      // Opening it for writing does not make it right.
      await (await openBuckets({ file, secretKey })).close();
    }
  });
});

test("another key seals everything anew", async () => {
  const file = await filled();
  const newSecretKey = "a7".repeat(32);
  await rotateSecretKey({ file, secretKey, newSecretKey });
  expect(await verify(file, { secretKey: newSecretKey })).toMatchObject({
    ok: true,
    not_checked: [],
  });
  tamper(file, (db) => db.exec("UPDATE tokens SET permission = 'admin'"));
  expect(await verify(file, { secretKey: newSecretKey })).toMatchObject({ ok: false });
});

test("a rotation that was cut short is finished by the next opening", async () => {
  const file = await filled();
  rmSync(`${file}.sealed`);
  tamper(file, (db) => db.exec("UPDATE table_macs SET key_id = NULL, seal = NULL"));
  const report = await verify(file);
  expect(report.not_checked?.join()).toContain("the rows of tokens: they have no seal");
  await (await openBuckets({ file, secretKey })).close();
  expect(await verify(file)).toMatchObject({ ok: true, not_checked: [] });
});

describe("seals that are taken away", () => {
  const ways = [
    ["with all MACs", "DELETE FROM row_macs; UPDATE table_macs SET key_id = NULL, seal = NULL"],
    ["with their table", "DELETE FROM row_macs; DELETE FROM table_macs"],
    ["in the name of another key", "UPDATE table_macs SET key_id = 'other'"],
    [
      "with the rows",
      "DELETE FROM tokens; DELETE FROM row_macs; UPDATE table_macs SET seal = NULL",
    ],
  ] as const;

  test.each(ways)("%s are not made anew by opening it: verify tells", async (_, sql) => {
    const file = await filled();
    tamper(file, (db) => db.exec(sql));
    for (const time of ["before", "after"]) {
      expect(await verify(file), time).toMatchObject({
        ok: false,
        fault: {
          problem: expect.stringMatching(/seal of the rows of tokens was taken away: .*rotate-key/),
        },
      });
      await (await openBuckets({ file, secretKey })).close();
    }
    await rotateSecretKey({ file, secretKey, newSecretKey: secretKey });
    expect(await verify(file)).toMatchObject({ ok: true, not_checked: [] });
  });

  test("are told once the first ones were made: nobody has to have opened it twice", async () => {
    const file = temporaryFile();
    const store = await openBuckets({ file });
    await store.tokens.create({ name: "reader", permission: "read" });
    await store.close();
    expect(JSON.parse(readFileSync(`${file}.sealed`, "utf8"))).toMatchObject({
      tables: ["tokens"],
    });
  });

  test.each(["", "{}", "not JSON"])("cannot be told where the note is %j", async (text) => {
    const file = await filled();
    writeFileSync(`${file}.sealed`, text);
    await expect(openBuckets({ file, secretKey })).rejects.toMatchObject({
      code: "FILE_INVALID",
      message: expect.stringMatching(/\.sealed is damaged: .* remove it/),
    });
  });
});

test("without the key nothing is checked, and that is said", async () => {
  const file = await filled({});
  expect(await verify(file, {})).toMatchObject({ ok: true, not_checked: [] });
  rmSync(`${file}.key`);
  expect(await verify(file, {})).toMatchObject({
    ok: true,
    rows: { checked: 0 },
    not_checked: [expect.stringContaining("their key is missing")],
  });
});

test("what is written without the secrets is sealed once they are back", async () => {
  const file = await filled();
  const open = await openBuckets({ file, withoutSecrets: true });
  await open.tokens.create({ name: "meanwhile", permission: "read" });
  await open.close();
  expect((await verify(file)).not_checked?.join()).toContain("the rows of tokens");
  await (await openBuckets({ file, secretKey })).close();
  expect(await verify(file)).toMatchObject({ ok: true, not_checked: [] });
});

test("a file whose tables are empty needs no key", async () => {
  const file = temporaryFile();
  const store = await openBuckets({ file });
  await store.namespace().buckets.create({ bucket_name: "a", bucket_schema: { properties: {} } });
  await store.close();
  expect(() => rmSync(`${file}.key`)).toThrow();
  const db = new Database(file, { readonly: true });
  expect(db.prepare("SELECT count(*) FROM table_macs WHERE seal IS NOT NULL").pluck().get()).toBe(
    0,
  );
  db.close();
});
