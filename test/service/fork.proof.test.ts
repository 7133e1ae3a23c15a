/**
 * Goal: a log that does not contain what it has signed never signs under that name again, and says
 * so for ever once it goes on under another. Method: files that were rolled back for real, on all the
 * ways that lead there, and the cut between any two steps of taking the new name.
 */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import {
  type EmbeddedStore,
  importLog,
  type OpenOptions,
  openBuckets,
  restoreBackup,
} from "../../src/index.js";
import { openCheckpoint, parseVerifier } from "../../src/proofs/index.js";
import { noteSigner, parseSigner, renamed } from "../../src/proofs/note.js";
import { temporaryFile, temporaryFolder } from "../support/backends.js";
import { bucketlog } from "../support/cli.js";
import { deepTest } from "../support/depth.js";
import { serveTest } from "../support/server.js";

const reason = "the disk of the primary died";

async function create(store: EmbeddedStore, name: string): Promise<void> {
  await store.namespace().buckets.create({ bucket_name: name, bucket_schema: { properties: {} } });
}

/** Signed at 2 events, and rolled back to the first of them. */
async function rolledBack(options: Partial<OpenOptions> = {}): Promise<string> {
  const file = temporaryFile();
  const first = await openBuckets({ ...options, file });
  await create(first, "films");
  await first.close();
  copyFileSync(file, `${file}.old`);
  const later = await openBuckets({ ...options, file });
  await create(later, "clips");
  await later.proofs.sign();
  await later.close();
  copyFileSync(`${file}.old`, file);
  return file;
}

const accepting = (file: string) => openBuckets({ file, acceptTruncation: true, actor: "ana" });

function checkOf(store: EmbeddedStore, name: string) {
  return store.health().then(({ checks }) => checks.find((check) => check.name === name));
}

describe("a fork is refused", () => {
  test("where nothing is missing of what was signed, or nothing was", async () => {
    await using store = await openBuckets({ file: temporaryFile() });
    await create(store, "films");
    await expect(store.forkLog({ reason })).rejects.toMatchObject({ code: "CONFLICT" });
    const { size } = await store.proofs.sign();
    await expect(store.forkLog({ reason })).rejects.toMatchObject({ code: "CONFLICT" });
    expect((await store.head()).position).toBe(size);
    expect(await checkOf(store, "proofs")).toMatchObject({ status: "pass" });
  });

  test("by a store that only reads, which says that it is forked", async () => {
    const file = await rolledBack();
    rmSync(`${file}.head`);
    await using store = await openBuckets({ file, readOnly: true });
    await expect(store.forkLog({ reason })).rejects.toMatchObject({ code: "READ_ONLY" });
    expect(await checkOf(store, "proofs")).toMatchObject({
      status: "warn",
      says: expect.stringMatching(/forked: .*1 events .* signed at 2.*fork-log/),
    });
    expect(await store.health()).toMatchObject({ ready: true });
  });

  test("until then a server serves what is there, and signs nothing: 409, and readiness says why", async () => {
    const file = await rolledBack();
    rmSync(`${file}.head`);
    const service = await serveTest({ file });
    const signed = await service.post("/v1/admin/checkpoints", undefined, { token: "admin" });
    expect(signed.status).toBe(409);
    expect(signed.text).toContain("not the one that was signed at 2");
    expect((await service.get("/v1/buckets/films")).status).toBe(200);
    const ready = await service.get("/readyz");
    expect(ready.status).toBe(200);
    expect(ready.text).toContain("forked: The log has 1 events");
  });

  test("by nothing that is said of its health while the note cannot be read", async () => {
    const file = await rolledBack();
    rmSync(`${file}.head`);
    writeFileSync(`${file}.sign.state`, "no note");
    await using store = await openBuckets({ file });
    expect(await checkOf(store, "proofs")).toMatchObject({
      status: "warn",
      says: "what was signed cannot be read (PROOF_INVALID)",
    });
  });

  test("under a configured key, which is of the old name, and goes on with one of the new", async () => {
    const seed = new Uint8Array(32).fill(9);
    const origin = "example.com/buckets";
    const old = { origin, signingKey: noteSigner(origin, seed).skey };
    const file = await rolledBack(old);
    {
      await using store = await openBuckets({ ...old, file, acceptTruncation: true });
      await expect(store.forkLog({ reason })).rejects.toMatchObject({ code: "BAD_REQUEST" });
      await expect(store.proofs.sign()).rejects.toMatchObject({ code: "FORKED" });
      expect((await store.head()).position).toBe(2);
    }
    const { skey, verifier } = noteSigner(`${origin}~2`, seed);
    await using store = await openBuckets({ file, origin, signingKey: skey });
    expect(await store.forkLog({ reason })).toMatchObject({ key: verifier.vkey });
  });
});

describe("a log that goes on", () => {
  test("has another name, a key of that name, and says what it has given up", async () => {
    const file = await rolledBack();
    const before = parseSigner(readFileSync(`${file}.sign`, "utf8").trim());
    const shown = readFileSync(`${file}.sign.state`, "utf8");
    await using store = await accepting(file);
    await expect(store.proofs.sign()).rejects.toMatchObject({ code: "FORKED" });
    const { origin_before: name, key, checkpoint } = await store.forkLog({ reason });
    expect(name).toBe(before.verifier.name);
    expect(checkpoint).toMatchObject({ origin: `${name}~2`, size: 3 });
    expect(openCheckpoint(checkpoint.note, [parseVerifier(key)])).toMatchObject({ size: 3 });
    expect(() => openCheckpoint(checkpoint.note, [before.verifier])).toThrow();
    const page = await store.events({ after: 1, namespace: "*" }).page();
    expect(page?.results).toMatchObject([
      { type: "log.truncated", namespace: "_log" },
      {
        type: "log.forked",
        namespace: "_log",
        actor: "ana",
        reason,
        changes: [
          {
            path: "/forks",
            value: [{ origin_before: name, origin: `${name}~2`, size: 2, note: shown }],
          },
        ],
      },
    ]);
    await create(store, "more");
    expect(await store.proofs.sign()).toMatchObject({ origin: `${name}~2`, size: 4 });
    expect(await checkOf(store, "proofs")).toMatchObject({ status: "pass" });
    expect(await store.verify()).toMatchObject({ ok: true, events: 4 });
    expect(await store.rebuild()).toMatchObject({ differences: 0 });
    const missing = openCheckpoint(shown, [before.verifier]);
    const root = Buffer.from(missing.root).toString("hex");
    expect(await store.verify({ checkpoint: { size: 2, root } })).toMatchObject({ ok: false });
  });

  test("a second time never takes a name again", async () => {
    const file = await rolledBack();
    {
      await using store = await accepting(file);
      await store.forkLog({ reason });
      await create(store, "more");
      await store.proofs.sign();
    }
    copyFileSync(`${file}.old`, file);
    await using store = await accepting(file);
    const { origin_before: before, checkpoint } = await store.forkLog({ reason });
    expect(before).toMatch(/[^~]~2$/);
    expect(checkpoint.origin).toBe(before.replace(/~2$/, "~3"));
  });

  test("is forked although that was cut short when its key had the new name", async () => {
    const file = await rolledBack();
    const old = parseSigner(readFileSync(`${file}.sign`, "utf8").trim());
    const name = `${old.verifier.name}~2`;
    const { skey, verifier } = renamed(old, name);
    writeFileSync(`${file}.sign`, skey);
    await using store = await accepting(file);
    await expect(store.proofs.sign()).rejects.toMatchObject({ code: "FORKED" });
    expect(await store.forkLog({ reason })).toMatchObject({
      key: verifier.vkey,
      checkpoint: { origin: name },
    });
  });

  test("signs under the new name although that was cut short when the log said so", async () => {
    const file = await rolledBack();
    const shown = readFileSync(`${file}.sign.state`);
    const forked = await accepting(file);
    const { origin_before: before, checkpoint } = await forked.forkLog({ reason });
    await forked.close();
    writeFileSync(`${file}.sign.state`, shown);
    const db = new Database(file);
    db.prepare("UPDATE log SET origin = ?").run(before);
    db.prepare("DELETE FROM checkpoints").run();
    db.close();
    await using store = await openBuckets({ file });
    await expect(store.forkLog({ reason })).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await store.proofs.sign()).toMatchObject({ origin: checkpoint.origin, size: 3 });
    expect(await store.verify()).toMatchObject({ ok: true });
  });
});

describe("its events", () => {
  test("are exported and imported, and the copy signs under the new name alone", async () => {
    const file = await rolledBack();
    await using store = await accepting(file);
    const { key, checkpoint } = await store.forkLog({ reason });
    const text = temporaryFile();
    for await (const one of store.exportLog()) writeFileSync(text, one, { flag: "a" });
    const copy = temporaryFile();
    expect(await importLog(text, copy, { keys: [key] })).toMatchObject({
      origin: checkpoint.origin,
      position: 3,
      unreadable: 0,
    });
    await using imported = await openBuckets({ file: copy });
    expect(await imported.verify()).toMatchObject({ ok: true, events: 3 });
    expect(await imported.replay()).toMatchObject({ matches_view: true });
  });

  test("are of a namespace that is no user's, and that nobody is told of but in the feed of all", async () => {
    const file = await rolledBack();
    await using store = await accepting(file);
    await store.forkLog({ reason });
    expect(() => store.namespace("_log")).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }));
    for (const asOf of [undefined, "@3"]) {
      const { results } = await store.namespaces.list(asOf === undefined ? {} : { asOf });
      expect(results.map(({ namespace_name: name }) => name)).toEqual(["default"]);
    }
    const own = await store.events({ after: 0 }).page();
    expect(own?.results.map(({ type }) => type)).toEqual(["bucket.created"]);
  });
});

deepTest("a moment of a backup that was signed later signs nothing under that name", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "store.db");
  const passphrase = "a long passphrase";
  const store = await openBuckets({ file });
  for (const name of ["a", "b", "c"]) await create(store, name);
  await store.proofs.sign();
  await store.backup(join(folder, "backup"), { passphrase });
  await store.close();
  const [whole, early] = [join(folder, "whole.db"), join(folder, "early.db")];
  await restoreBackup(join(folder, "backup"), whole, { passphrase });
  await restoreBackup(join(folder, "backup"), early, { passphrase, at: "@2" });
  await using all = await openBuckets({ file: whole });
  expect(await all.proofs.sign()).toMatchObject({ size: 3 });
  await using some = await openBuckets({ file: early });
  expect((await some.head()).position).toBe(2);
  await expect(some.proofs.sign()).rejects.toMatchObject({ code: "FORKED" });
  const { checkpoint } = await some.forkLog({ reason });
  expect(checkpoint).toMatchObject({ origin: expect.stringMatching(/~2$/), size: 3 });
  expect(await some.verify()).toMatchObject({ ok: true });
});

describe("by the command line", () => {
  test("doctor names both sizes, and fork-log goes on", async () => {
    const file = await rolledBack();
    const folder = join(file, "..");
    const refused = await bucketlog(folder, ["fork-log", "--file", file, "--reason", reason]);
    expect(refused).toMatchObject({ code: 4, err: expect.stringContaining("--accept-truncation") });
    rmSync(`${file}.head`);
    const seen = await bucketlog(folder, ["doctor", "--file", file]);
    expect(seen.code).toBe(4);
    expect(seen.out).toMatch(/✗ proofs: forked: The log has 1 events .* signed at 2/);
    const forked = await bucketlog(folder, ["fork-log", "--file", file, "--reason", reason]);
    expect(forked).toMatchObject({
      code: 0,
      out: expect.stringMatching(/goes on as .*~2\nkey .*/),
    });
    const again = await bucketlog(folder, ["fork-log", "--file", file, "--reason", reason]);
    expect(again).toMatchObject({ code: 3, err: expect.stringContaining("CONFLICT") });
    expect((await bucketlog(folder, ["doctor", "--file", file])).out).toMatch(
      /✓ proofs: it contains/,
    );
  });
});
