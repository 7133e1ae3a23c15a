/**
 * Goal: what has the name of a backup is whole, is of one moment, and becomes the same store again.
 * Method: real stores with everything in them, copied while they go on, damaged in every part.
 */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, describe, expect, test } from "vitest";
import { tablesBesideTheView } from "../../src/copies/earlier.js";
import { Manifest, signManifest } from "../../src/copies/manifest.js";
import { type BackupProgress, importLog, openBuckets, restoreBackup } from "../../src/index.js";
import { viewTables } from "../../src/projections/projections.js";
import { noteSigner, parseSigner } from "../../src/proofs/note.js";
import { temporaryFile, temporaryFolder } from "../support/backends.js";
import { deepTest, isDeep } from "../support/depth.js";
import { filledStore } from "../support/filled-store.js";
import { tamper } from "../support/forge.js";

/** A table may have one column alone. */
function inOrder(db: Database.Database, table: string): string {
  const columns = db.prepare(`SELECT * FROM ${table}`).columns();
  return `SELECT * FROM ${table} ORDER BY ${columns.length > 1 ? "1, 2" : "1"}`;
}

/** Every row of every table; who owns the file is not of its content. */
function dumpOf(file: string): Readonly<Record<string, readonly unknown[]>> {
  const db = new Database(file, { readonly: true });
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  const dump = Object.fromEntries(
    names
      .pluck()
      .all()
      .map((name) => [String(name), db.prepare(inOrder(db, String(name))).all()]),
  );
  db.close();
  const head = dump["head"]?.map((row) => ({ ...Object(row), owner_epoch: 0 })) ?? [];
  return { ...dump, head };
}

const blobsIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();

function blobIn(folder: string): string {
  const [name = ""] = blobsIn(folder);
  return join(folder, name.slice(0, 2), name);
}

interface BackedUp {
  readonly file: string;
  readonly to: string;
}

let once: Promise<BackedUp> | undefined;

/** A copy of one backup, which each test may spoil; its store is closed, and nobody's to change. */
async function backedUp(): Promise<BackedUp> {
  once ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), "bucketlog-backup-"));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    const { file, store } = await filledStore({ file: join(folder, "store.db") });
    await store.backup(join(folder, "backup"));
    await store.close();
    return { file, to: join(folder, "backup") };
  })();
  const made = await once;
  const to = join(temporaryFolder(), "backup");
  cpSync(made.to, to, { recursive: true });
  return { ...made, to };
}

describe("a backup that cannot be taken leaves nothing", () => {
  test("where something is, where there is no folder, and of a store in memory", async () => {
    await using store = await openBuckets({ file: temporaryFile() });
    const folder = temporaryFolder();
    writeFileSync(join(folder, "there"), "");
    await expect(store.backup(join(folder, "there"))).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
    });
    await expect(store.backup(join(folder, "no", "folder"))).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    await expect(store.backup(join(folder, "new"), { passphrase: "short" })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    await using memory = await openBuckets({ file: ":memory:" });
    await expect(memory.backup(join(folder, "new"))).rejects.toMatchObject({
      code: "NOT_IMPLEMENTED",
    });
    expect(readdirSync(folder)).toEqual(["there"]);
  });

  deepTest("while another is taken, and when the store is closed meanwhile", async () => {
    const { store } = await filledStore();
    const folder = temporaryFolder();
    const first = store.backup(join(folder, "first"));
    await expect(store.backup(join(folder, "second"))).rejects.toMatchObject({ code: "CONFLICT" });
    const closed = store.close();
    await expect(first).rejects.toMatchObject({ code: "NOT_READY" });
    await closed;
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ["an event was altered", "UPDATE events SET body = '{}' WHERE position = 2", "position 2"],
    ["the view is not the fold", "UPDATE buckets SET version = 9", "is not the fold"],
  ])("when %s", async (_, sql, problem) => {
    const { file, store } = await filledStore();
    await store.close();
    tamper(file, (db) => db.exec(sql));
    const folder = temporaryFolder();
    await using altered = await openBuckets({ file, readOnly: true });
    const taken = altered.backup(join(folder, "new"));
    await expect(taken).rejects.toMatchObject({ code: "COPY_INVALID" });
    await expect(taken).rejects.toThrow(problem);
    expect(readdirSync(folder)).toEqual([]);
  });

  deepTest("when a blob is gone, or is not what its name says", async () => {
    const { file, store } = await filledStore();
    const folder = temporaryFolder();
    const blob = blobIn(`${file}.blobs`);
    const content = readFileSync(blob);
    writeFileSync(blob, "other");
    await expect(store.backup(join(folder, "new"))).rejects.toThrow("is not what its name says");
    rmSync(blob);
    await expect(store.backup(join(folder, "new"))).rejects.toThrow("is not there");
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(blob, content);
    await store.close();
  });
});

test("a backup becomes the store again: every row, every blob, and the same head", async () => {
  const { file, store } = await filledStore();
  await store.proofs.sign();
  const to = join(temporaryFolder(), "backup");
  const steps: BackupProgress[] = [];
  const report = await store.backup(to, { onProgress: (step) => steps.push(step) });
  const head = await store.head();
  expect(report).toMatchObject({ path: to, position: head.position, hash: head.hash });
  expect(new Set(steps.map(({ step }) => step))).toContain("verify");
  await store.close();
  expect(statSync(join(to, "buckets.db")).mode & 0o777).toBe(0o600);
  expect(existsSync(join(to, "buckets.db-wal"))).toBe(false);

  const restored = temporaryFile();
  const made = await restoreBackup(to, restored);
  expect(made).toMatchObject({ position: head.position, is_trusted: false, keys: "excluded" });
  expect(dumpOf(restored)).toEqual(dumpOf(file));
  expect(blobsIn(`${restored}.blobs`)).toEqual(blobsIn(`${file}.blobs`));
  expect(blobsIn(`${restored}.blobs`)).toHaveLength(2);
  await using again = await openBuckets({ file: restored, withoutSecrets: true });
  expect(await again.verify({ blobs: "content" })).toMatchObject({ ok: true });
});

test.runIf(isDeep).each([8, 64])(
  "a backup that is taken beside %i writers is of one moment, and the writers go on",
  async (count) => {
    await using store = await openBuckets({ file: temporaryFile() });
    const { buckets } = store.namespace();
    const names = Array.from({ length: count }, (_, n) => `b${n}`);
    await Promise.all(
      names.map((bucket_name) =>
        buckets.create(
          { bucket_name, bucket_schema: { properties: {} } },
          { idempotencyKey: bucket_name },
        ),
      ),
    );
    let isDone = false;
    const writers = names.map(async (name) => {
      for (let n = 0; !isDone; n += 1) await buckets.patch(name, { description: `${n}` });
    });
    const to = join(temporaryFolder(), "backup");
    const report = await store.backup(to);
    isDone = true;
    await Promise.all(writers);
    expect(report.position).toBeLessThan((await store.head()).position);
    const expected = { position: report.position, hash: report.hash };
    expect(await store.verify({ expected })).toMatchObject({ ok: true });
    const restored = temporaryFile();
    expect(await restoreBackup(to, restored)).toMatchObject(expected);
    // What the store was at that position, made of its log on another way.
    const log = join(temporaryFolder(), "log.ndjson");
    writeFileSync(log, (await Array.fromAsync(store.exportLog())).join(""));
    const imported = temporaryFile();
    await importLog(log, imported, { upTo: report.position });
    const [seen, then] = [dumpOf(restored), dumpOf(imported)];
    for (const table of ["events", "idempotency", ...viewTables.map(({ name }) => name)]) {
      expect(seen[table], table).toEqual(then[table]);
    }
    expect(seen["idempotency"]).toHaveLength(count);
  },
);

deepTest(
  "with link, blobs are the files of the store; without verify, nothing is folded",
  async () => {
    const { file, store } = await filledStore();
    const to = join(temporaryFolder(), "backup");
    const steps = new Set<string>();
    await store.backup(to, {
      link: true,
      verify: false,
      onProgress: ({ step }) => steps.add(step),
    });
    expect(statSync(blobIn(join(to, "blobs"))).ino).toBe(statSync(blobIn(`${file}.blobs`)).ino);
    expect(steps).not.toContain("verify");
    await store.close();
  },
);

describe("with update", () => {
  deepTest("what is no backup, or one of another log, stays", async () => {
    const { store } = await filledStore();
    const folder = temporaryFolder();
    mkdirSync(join(folder, "other"));
    await expect(store.backup(join(folder, "other"), { update: true })).rejects.toMatchObject({
      code: "COPY_INVALID",
    });
    await using stranger = await openBuckets({ file: temporaryFile() });
    await stranger.backup(join(folder, "strange"));
    await expect(store.backup(join(folder, "strange"), { update: true })).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
    });
    expect(readdirSync(folder).sort()).toEqual(["other", "strange"]);
    await store.close();
  });

  test("only new blobs are copied; after a week all are read, and a damaged one is copied again", async () => {
    let now = Date.parse("2026-10-01T12:00:00.000Z");
    const { store } = await filledStore({ clock: () => now });
    const to = join(temporaryFolder(), "backup");
    await store.backup(to, { update: true });
    const blob = blobIn(join(to, "blobs"));
    const inode = statSync(blob).ino;
    const { length } = readFileSync(blob);
    writeFileSync(blob, "x".repeat(length));
    await store.backup(to, { update: true });
    expect(statSync(blob).ino).toBe(inode);
    now += 7 * 24 * 60 * 60 * 1_000;
    await store.backup(to, { update: true });
    expect(statSync(blob).ino).not.toBe(inode);
    await restoreBackup(to, temporaryFile());
    expect(readdirSync(dirname(to))).toEqual(["backup"]);
    await store.close();
  });

  deepTest(
    "what a process that died left is removed, and a backup of another name stays",
    async () => {
      await using store = await openBuckets({ file: temporaryFile() });
      const folder = temporaryFolder();
      await store.backup(join(folder, "a"));
      await store.backup(join(folder, "a.replaced"));
      mkdirSync(join(folder, "a.replaced-1"));
      mkdirSync(join(folder, "a.partial-1"));
      await store.backup(join(folder, "a"), { update: true });
      // It may be somebody's who is at work.
      expect(readdirSync(folder).sort()).toEqual(["a", "a.partial-1", "a.replaced"]);
    },
  );
});

describe("a restore is refused, and nothing has the name of the file", () => {
  test("where a file is, or the WAL of one that is gone; and while a process has it open", async () => {
    const { to } = await backedUp();
    const file = temporaryFile();
    const store = await openBuckets({ file });
    await expect(restoreBackup(to, file)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    rmSync(file);
    await expect(restoreBackup(to, file)).rejects.toThrow("-wal is there");
    rmSync(`${file}-wal`);
    await expect(restoreBackup(to, file)).rejects.toMatchObject({ code: "LOCKED" });
    await store.close().catch(() => {});
    rmSync(`${file}-wal`, { force: true });
    await restoreBackup(to, file);
  });

  test.each([
    ["a file that is no backup", (to: string) => rmSync(join(to, "manifest.note")), "COPY_INVALID"],
    [
      "an altered manifest",
      (to: string) => appendFileSync(join(to, "manifest.json"), "\n"),
      "PROOF_INVALID",
    ],
    [
      "an altered note",
      (to: string) => {
        const note = join(to, "manifest.note");
        writeFileSync(note, readFileSync(note, "utf8").replace(/\n\d+\n/, "\n1\n"));
      },
      "PROOF_INVALID",
    ],
    [
      "an altered database",
      (to: string) => appendFileSync(join(to, "buckets.db"), "x"),
      "COPY_INVALID",
    ],
    [
      "a database of which a byte is another, though it verifies",
      (to: string) => {
        const file = join(to, "buckets.db");
        const bytes = readFileSync(file);
        // The number that counts its changes is of no row.
        bytes.writeUInt32BE(bytes.readUInt32BE(24) + 1, 24);
        writeFileSync(file, bytes);
      },
      "COPY_INVALID",
    ],
    ["no database", (to: string) => rmSync(join(to, "buckets.db")), "COPY_INVALID"],
    [
      "an altered blob",
      (to: string) => writeFileSync(blobIn(join(to, "blobs")), "x"),
      "COPY_INVALID",
    ],
    ["no blob", (to: string) => rmSync(blobIn(join(to, "blobs"))), "COPY_INVALID"],
  ])("of %s", async (_, alter, code) => {
    const { to } = await backedUp();
    alter(to);
    const file = temporaryFile();
    await expect(restoreBackup(to, file)).rejects.toMatchObject({ code });
    expect(readdirSync(dirname(file)).filter((name) => /db$|restoring/.test(name))).toEqual([]);
  });

  test.each([
    ["position", 1],
    ["hash", "00".repeat(32)],
    ["root", "00".repeat(32)],
  ])("of a backup whose %s is another than was signed", async (name, value) => {
    const { file, to } = await backedUp();
    const [manifest, note] = [join(to, "manifest.json"), join(to, "manifest.note")];
    const signed = { ...JSON.parse(readFileSync(manifest, "utf8")), [name]: value };
    const text = JSON.stringify(signed);
    writeFileSync(manifest, text);
    const signer = parseSigner(readFileSync(`${file}.sign`, "utf8").trim());
    writeFileSync(note, signManifest(text, Manifest.parse(signed), signer));
    const target = temporaryFile();
    const restoring = restoreBackup(to, target);
    await expect(restoring).rejects.toMatchObject({ code: "COPY_INVALID" });
    await expect(restoring).rejects.toThrow(new RegExp(`${value}.* was signed`));
    expect(existsSync(target)).toBe(false);
  });

  deepTest("of a backup that another key has signed than those that are known", async () => {
    const { file, to } = await backedUp();
    const stranger = noteSigner("example.com/other", new Uint8Array(32).fill(1));
    const target = temporaryFile();
    const keys = [stranger.verifier.vkey];
    await expect(restoreBackup(to, target, { keys })).rejects.toMatchObject({
      code: "PROOF_INVALID",
    });
    writeFileSync(`${target}.sign`, stranger.skey);
    await expect(restoreBackup(to, target)).rejects.toMatchObject({ code: "PROOF_INVALID" });
    writeFileSync(`${target}.sign`, readFileSync(`${file}.sign`));
    expect(await restoreBackup(to, target)).toMatchObject({ is_trusted: true });
  });

  deepTest("with the register of another log, or one that names erasures", async () => {
    const { file, to } = await backedUp();
    const register = `${file}.erasures.ndjson`;
    expect(readFileSync(join(to, "erasures.ndjson"), "utf8")).toBe(readFileSync(register, "utf8"));
    const target = temporaryFile();
    const refused = async (text: string, why: string) => {
      writeFileSync(`${target}.erasures.ndjson`, text);
      const restoring = restoreBackup(to, target);
      await expect(restoring).rejects.toMatchObject({ code: "COPY_INVALID" });
      await expect(restoring).rejects.toThrow(why);
    };
    const own = readFileSync(register, "utf8");
    await refused("no register", "is no register");
    await refused(own.replace(/"log_\w{26}"/, '"log_other"'), "is of the log log_other");
    await refused(`${own}{"position": 1}\n`, "names erasures");
    rmSync(`${target}.erasures.ndjson`);
    await expect(restoreBackup(to, target, { erasures: "none" })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    await restoreBackup(to, target, { erasures: register });
  });
});

describe("the keys in a backup", () => {
  const passphrase = "correct horse battery";

  test("are opened by their passphrase alone, and open the secrets", async () => {
    const { store } = await filledStore();
    const to = join(temporaryFolder(), "backup");
    await store.backup(to, { passphrase });
    await store.close();
    const file = temporaryFile();
    await expect(restoreBackup(to, file, { passphrase: "another horse" })).rejects.toMatchObject({
      code: "SECRET_KEY_INVALID",
    });
    expect(await restoreBackup(to, file, { passphrase })).toMatchObject({ keys: "restored" });
    await using again = await openBuckets({ file });
    const { bucket } = await again.namespace().buckets.get("videos");
    const body = JSON.stringify({ a: 1 });
    const headers = { "x-mixpeek-secret": ["a secret of ours"] };
    await again.ingest(bucket.bucket_id ?? "", { headers, body: Buffer.from(body) });
    expect((await again.proofs.sign()).size).toBeGreaterThan(1);
  });

  deepTest(
    "do not take the place of others, and are told as missing where there are none",
    async () => {
      const { store } = await filledStore();
      const folder = temporaryFolder();
      await store.backup(join(folder, "with"), { passphrase });
      await store.backup(join(folder, "without"));
      await store.close();
      const file = temporaryFile();
      writeFileSync(`${file}.key`, "00".repeat(32));
      await expect(restoreBackup(join(folder, "with"), file, { passphrase })).rejects.toMatchObject(
        {
          code: "ALREADY_EXISTS",
        },
      );
      await expect(
        restoreBackup(join(folder, "without"), file, { passphrase }),
      ).rejects.toMatchObject({ code: "BAD_REQUEST" });
      expect(await restoreBackup(join(folder, "with"), file)).toMatchObject({ keys: "sealed" });
    },
  );
});

describe("a moment of a backup", () => {
  test("that is not in it, or is none, is refused", async () => {
    const { to } = await backedUp();
    const { position } = await restoreBackup(to, temporaryFile());
    const file = temporaryFile();
    const refused = async (at: string, code: string) =>
      await expect(restoreBackup(to, file, { at })).rejects.toMatchObject({ code });
    await refused("3", "BAD_REQUEST");
    await refused("yesterday", "BAD_REQUEST");
    await refused(`@${position + 1}`, "NOT_FOUND");
    await refused("2001-01-01T00:00:00Z", "NOT_FOUND");
  });

  deepTest("is the store as it was then: the same as a backup that was taken then", async () => {
    let now = Date.parse("2026-10-01T12:00:00.000Z");
    const { file, store } = await filledStore({ clock: () => now });
    await store.proofs.sign();
    const folder = temporaryFolder();
    const then = await store.backup(join(folder, "then"));
    now += 60_000;
    const { buckets } = store.namespace();
    await buckets.create({ bucket_name: "later", bucket_schema: { properties: {} } });
    await buckets.patch("videos", { description: "later" }, { idempotencyKey: "later" });
    await store.backup(join(folder, "later"));
    await store.close();

    const expected = temporaryFile();
    await restoreBackup(join(folder, "then"), expected);
    for (const at of [`@${then.position}`, "2026-10-01T12:00:00Z"]) {
      const made = temporaryFile();
      expect(await restoreBackup(join(folder, "later"), made, { at })).toMatchObject({
        position: then.position,
        hash: then.hash,
        lost_secrets: 0,
      });
      // What is sealed anew when it is opened by whoever has the key.
      const { migrations: _, tree: __, row_macs: ___, table_macs: ____, ...rest } = dumpOf(made);
      expect(dumpOf(expected)).toMatchObject(rest);
      expect(readdirSync(dirname(made)).filter((name) => name.includes("restoring"))).toEqual([]);
    }
    const early = temporaryFile();
    await restoreBackup(join(folder, "later"), early, { at: "@2" });
    expect(dumpOf(early)).toMatchObject({ secrets: [], received: [], objects: [] });
    expect(dumpOf(early)["buckets"]).toHaveLength(1);
    expect(dumpOf(file)["secrets"]).toHaveLength(1);
  });

  test("knows of every table whether it is of the view, copied, or made anew", async () => {
    const file = temporaryFile();
    await (await openBuckets({ file })).close();
    const known = [...Object.keys(tablesBesideTheView), ...viewTables.map(({ name }) => name)];
    expect(known.sort()).toEqual(Object.keys(dumpOf(file)));
  });
});
