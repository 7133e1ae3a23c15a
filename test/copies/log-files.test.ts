/**
 * Goal: an exported log makes the same store elsewhere, and nothing that was altered or cut off makes
 * one. Method: real files on both sides; the tables of both databases are compared row by row.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { type BucketStore, importLog, openBuckets } from "../../src/index.js";
import { noteSigner } from "../../src/proofs/note.js";
import { temporaryFile, temporaryFolder } from "../support/backends.js";
import { filledStore } from "../support/filled-store.js";
import { tamper } from "../support/forge.js";

const origin = "example.com/buckets";
const signer = noteSigner(origin, new Uint8Array(32).fill(9));
const keys = [signer.verifier.vkey];
const keyed = { origin, signingKey: signer.skey };

/** A log of several kinds of resources, with answers under idempotency keys. */
async function record(store: BucketStore): Promise<void> {
  const { buckets } = store.namespace();
  const properties = { title: { type: "string" } };
  await buckets.create({ bucket_name: "films", bucket_schema: { properties } });
  await buckets.patch("films", { description: "é 🎬" }, { idempotencyKey: "first" });
  await store.namespace("other").buckets.create({
    bucket_name: "clips",
    bucket_schema: { properties },
  });
  const twice = { description: "twice" };
  await buckets.patch("films", twice, { idempotencyKey: "second", reason: "a reason" });
  await buckets.patch("films", twice, { idempotencyKey: "second", reason: "a reason" });
  await buckets.archive("films");
}

async function recordInto(file: string): Promise<void> {
  await using store = await openBuckets({ file, ...keyed });
  await record(store);
}

async function exported(file: string, begin = async (_: BucketStore) => {}): Promise<string> {
  await using store = await openBuckets({ file, ...keyed });
  await begin(store);
  return (await Array.fromAsync(store.exportLog())).join("");
}

async function exportedBeside(file: string): Promise<string> {
  await using store = await openBuckets({ file });
  return (await Array.fromAsync(store.exportLog())).join("");
}

function written(text: string | Uint8Array): string {
  const file = join(temporaryFolder(), "log.ndjson");
  writeFileSync(file, text);
  return file;
}

/** Every row of the log and of the view, and of what was answered under keys; not what lies beside them. */
function tablesOf(file: string): Record<string, unknown[]> {
  const db = new Database(file, { readonly: true });
  const names = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .pluck()
    .all() as string[];
  const ofOneFile = [
    "head",
    "log",
    "checkpoints",
    "migrations",
    "sqlite_sequence",
    "tree",
    "tokens",
    // By a key that is of the store alone.
    "row_macs",
    "table_macs",
    "secrets",
    "received",
  ];
  const tables = names.filter((name) => !ofOneFile.includes(name));
  const rows = tables.map((name) => [name, db.prepare(`SELECT * FROM ${name}`).all()] as const);
  const head = db.prepare("SELECT position, hash, recorded_at FROM head").all();
  db.close();
  return { ...Object.fromEntries(rows), head };
}

/** The same log, of no file. */
const sample = exported(":memory:", record);

describe("an import is refused", () => {
  async function refusal(text: string | Uint8Array): Promise<unknown> {
    const file = temporaryFile();
    const error = await importLog(written(text), file, { keys }).catch((caught) => caught);
    // The lock says who has the file, and stays.
    expect(readdirSync(dirname(file)).filter((name) => !name.endsWith(".lock"))).toEqual([]);
    return error;
  }

  test.each([
    ["of nothing", () => "", {}],
    ["of what is no JSON", () => "good morning\n", { line: 1 }],
    ["of another format", (log: string) => log.replace("export/1", "export/2"), { line: 1 }],
    ["without its last line", (log: string) => log.replace(/.*\n$/, ""), {}],
    ["without its last newline", (log: string) => log.slice(0, -1), { line: 9 }],
    ["without an event", (log: string) => without(log, 3), { line: 3, position: 2 }],
    ["with two events in another order", (log: string) => swapped(log, 2, 3), { line: 2 }],
    [
      "with another word in a body",
      (log: string) => log.replace("a reason", "no reason"),
      { line: 6, position: 4 },
    ],
    ["with another actor", (log: string) => log.replace("bkt_", "bkt-"), { line: 2, position: 1 }],
    ["of another log than its header says", (log: string) => log.replace(origin, "a.b"), {}],
    [
      "with a key behind another event",
      (log: string) => swapped(log, 4, 5),
      { line: 5, position: 4 },
    ],
    [
      "with a line behind the checkpoint",
      (log: string) => `${log}${log.split("\n").at(-2)}\n`,
      { line: 10 },
    ],
    ["with another root", (log: string) => log.replace(/\\n5\\n./, "\\n5\\n!"), { line: 9 }],
    ["of bytes that are no UTF-8", () => Buffer.from([0x22, 0xff, 0x0a]), { line: 1 }],
    [
      "of an event that is no UTF-8",
      (log: string) => Buffer.from(log, "latin1"),
      { line: 3, position: 2 },
    ],
    ["of a gzip file that was cut off", (log: string) => gzipSync(log).subarray(0, 900), {}],
    ["of a gzip bomb", () => gzipSync(Buffer.alloc(8_000_000, "a")), {}],
  ])("%s, and nothing is left", async (_, change, details) => {
    const error = await refusal(change(await sample));
    expect(error).toMatchObject({ code: "PROOF_INVALID", details });
  });

  test("whose checkpoint was signed of other events under the same name", async () => {
    const signed = (await exported(":memory:", record)).split("\n").at(-2) ?? "";
    const error = await refusal((await sample).replace(/.*\n$/, `${signed}\n`));
    expect(error).toMatchObject({ code: "PROOF_INVALID", details: { line: 9 } });
    expect(String(error)).toContain("has another root than the events");
  });

  test("whose checkpoint another key has signed", async () => {
    const other = noteSigner(origin, new Uint8Array(32).fill(8)).verifier.vkey;
    const importing = importLog(written(await sample), temporaryFile(), { keys: [other] });
    await expect(importing).rejects.toMatchObject({ code: "PROOF_INVALID" });
  });

  test("into a file that is there, and of a file that is not", async () => {
    const file = temporaryFile();
    await recordInto(file);
    const before = readFileSync(file);
    await expect(importLog(written(await sample), file)).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
    });
    expect(readFileSync(file)).toEqual(before);
    const missing = join(temporaryFolder(), "none.ndjson");
    await expect(importLog(missing, temporaryFile())).rejects.toMatchObject({
      code: "FILE_INVALID",
    });
  });
});

test("an imported log has the same rows in every table, and exports the same bytes", async () => {
  const [file, copy] = [temporaryFile(), temporaryFile()];
  await recordInto(file);
  const log = await exported(file);
  const report = await importLog(written(log), copy, { keys });
  expect(report).toMatchObject({
    file: copy,
    origin,
    position: 5,
    is_trusted: true,
    unreadable: 0,
  });
  expect(tablesOf(copy)).toEqual(tablesOf(file));
  const again = await exported(copy);
  expect(again).toBe(log);
  await using store = await openBuckets({ file: copy, ...keyed });
  expect(await store.verify()).toMatchObject({ ok: true, events: 5 });
});

test("everything that a log can hold is the same in an imported one, and exports the same bytes", async () => {
  const { file, store } = await filledStore();
  await store.close();
  const copy = temporaryFile();
  const log = await exportedBeside(file);
  await importLog(written(log), copy);
  expect(tablesOf(copy)).toEqual(tablesOf(file));
  expect(await exportedBeside(copy)).toBe(log);
});

test("a log is imported up to a position, and signs nothing under a name that signed more", async () => {
  const [file, copy] = [temporaryFile(), temporaryFile()];
  await recordInto(file);
  const from = written(await exported(file));
  const report = await importLog(from, copy, { keys, upTo: 3 });
  await using original = await openBuckets({ file, ...keyed });
  const { from_root: root } = await original.proofs.consistency({ from: 3, to: 5 });
  expect(report).toMatchObject({ position: 3, root, idempotency_keys: 1 });
  await using store = await openBuckets({ file: copy, ...keyed });
  expect(await store.verify()).toMatchObject({ ok: true, events: 3, head: { hash: report.hash } });
  await expect(store.proofs.sign()).rejects.toMatchObject({ code: "FORKED" });
  const beyond = importLog(from, temporaryFile(), { upTo: 6 });
  await expect(beyond).rejects.toMatchObject({ code: "NOT_FOUND", details: { head: 5 } });
});

test("what is left out of an imported log is checked all the same", async () => {
  const altered = (await sample).replace("a reason", "no reason");
  const importing = importLog(written(altered), temporaryFile(), { keys, upTo: 2 });
  await expect(importing).rejects.toMatchObject({ code: "PROOF_INVALID", details: { line: 6 } });
});

test("blobs are exported into a folder, once, and brought from it", async () => {
  const { store } = await filledStore();
  const blobs = join(temporaryFolder(), "blobs");
  const from = written((await Array.fromAsync(store.exportLog({ blobs }))).join(""));
  const names = readdirSync(blobs, { recursive: true }).sort();
  await Array.fromAsync(store.exportLog({ blobs }));
  expect(readdirSync(blobs, { recursive: true }).sort()).toEqual(names);
  await store.close();
  const copy = temporaryFile();
  const report = await importLog(from, copy, { blobs });
  expect(report.blobs?.count).toBeGreaterThan(0);
  await using made = await openBuckets({ file: copy });
  expect(await made.verify({ blobs: "content" })).toMatchObject({
    ok: true,
    blobs: { checked: report.blobs?.count },
  });
});

test.each([
  ["are nowhere", (place: string) => rmSync(place)],
  ["are others", (place: string) => writeFileSync(place, "other bytes")],
])("a log is not imported when bytes of its blobs %s, and nothing is left", async (_, harm) => {
  const { store } = await filledStore();
  const blobs = join(temporaryFolder(), "blobs");
  const from = written((await Array.fromAsync(store.exportLog({ blobs }))).join(""));
  await store.close();
  const kept = readdirSync(blobs, { recursive: true, withFileTypes: true });
  const last = kept.filter((entry) => entry.isFile()).at(-1);
  harm(join(last?.parentPath ?? "", last?.name ?? ""));
  const copy = temporaryFile();
  const importing = importLog(from, copy, { blobs });
  await expect(importing).rejects.toMatchObject({ code: "COPY_INVALID" });
  expect(readdirSync(dirname(copy)).filter((name) => !name.endsWith(".lock"))).toEqual([]);
});

test("bytes that are lost are not exported", async () => {
  const { file, store } = await filledStore();
  await using original = store;
  rmSync(`${file}.blobs`, { recursive: true });
  const exporting = Array.fromAsync(original.exportLog({ blobs: join(temporaryFolder(), "b") }));
  await expect(exporting).rejects.toMatchObject({ code: "COPY_INVALID" });
});

test("an imported log goes on: the same answer under a key of before, and new events", async () => {
  const copy = temporaryFile();
  await importLog(written(gzipSync(await sample)), copy);
  await using store = await openBuckets({ file: copy, ...keyed });
  const { buckets } = store.namespace();
  const first = { description: "é 🎬" };
  const again = await buckets.patch("films", first, { idempotencyKey: "first" });
  expect(again).toMatchObject({ version: 2, replayed: true });
  await buckets.activate("films");
  expect((await store.proofs.sign()).size).toBe(6);
});

test("a log is exported beside a writer as far as it was signed", async () => {
  const file = temporaryFile();
  await recordInto(file);
  await using writer = await openBuckets({ file, ...keyed });
  await using reader = await openBuckets({ file, readOnly: true });
  await expect(Array.fromAsync(reader.exportLog())).rejects.toMatchObject({ code: "NOT_FOUND" });
  await writer.proofs.sign();
  await writer.namespace().buckets.activate("films");
  const [header] = await Array.fromAsync(reader.exportLog());
  expect(JSON.parse(header ?? "")).toMatchObject({ last: 5 });
});

test("a log in memory and an empty one are exported too", async () => {
  const copy = temporaryFile();
  await using store = await openBuckets({ file: ":memory:" });
  const empty = (await Array.fromAsync(store.exportLog())).join("");
  expect(await importLog(written(empty), copy)).toMatchObject({ position: 0 });
  await store.namespace().buckets.create({ bucket_name: "a", bucket_schema: { properties: {} } });
  const one = (await Array.fromAsync(store.exportLog())).join("");
  expect(await importLog(written(one), temporaryFile())).toMatchObject({ position: 1 });
});

test("what was altered is not exported", async () => {
  const file = temporaryFile();
  await recordInto(file);
  tamper(file, (db) => db.prepare("UPDATE events SET body = '{}' WHERE position = 3").run());
  await using store = await openBuckets({ file, ...keyed });
  await expect(Array.fromAsync(store.exportLog())).rejects.toMatchObject({
    code: "TAMPERED",
    details: { position: 3 },
  });
});

function without(log: string, number: number): string {
  return log
    .split("\n")
    .toSpliced(number - 1, 1)
    .join("\n");
}

function swapped(log: string, one: number, other: number): string {
  const rows = log.split("\n");
  const [a = "", b = ""] = [rows[one - 1], rows[other - 1]];
  return rows
    .with(one - 1, b)
    .with(other - 1, a)
    .join("\n");
}
