/**
 * Goal: a file that an older version wrote goes on as if this one had written it. Method: a file of
 * before blame lay beside the states, of a demo story and some hundred writes to every kind of
 * resource, is opened; the blame that the older version kept in rows of its own is what is expected.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { blamedLeaves } from "../../src/domain/blame.js";
import { documentOf, kindOfStream } from "../../src/domain/resource.js";
import { SqliteReadView } from "../../src/engines/sqlite/view.js";
import { type OpenOptions, openBuckets } from "../../src/index.js";
import { temporaryFolder } from "../support/backends.js";
import { openSqlite } from "../support/sqlite.js";

const older = fileURLToPath(new URL("older/0009-proofs.db.gz", import.meta.url));
const events = 449;

/** The one blob, "0123", by its hash. */
const blob = "1b/1be2e452b46d7a0d9656bbb1f768e8248eba1b75baed65f5d99eafa948899a6a";

function olderFile(): string {
  const file = join(temporaryFolder(), "older.db");
  writeFileSync(file, gunzipSync(readFileSync(older)));
  const path = `${file}.blobs/${blob}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "0123");
  return file;
}

const open = (file: string, options: Partial<OpenOptions> = {}) =>
  openBuckets({ file, secretKey: "11".repeat(32), ...options });

/** By stream and pointer, in rows of their own. */
function blameRows(file: string): Map<string, Record<string, number>> {
  const db = new Database(file, { readonly: true });
  const rows = z
    .array(z.object({ stream: z.string(), pointer: z.string(), position: z.number() }))
    .parse(db.prepare("SELECT stream, pointer, position FROM blame").all());
  db.close();
  return new Map(
    [...Map.groupBy(rows, ({ stream }) => stream)].map(([stream, leaves]) => [
      stream,
      Object.fromEntries(leaves.map(({ pointer, position }) => [pointer, position])),
    ]),
  );
}

describe("a file of before blame lay beside the states", () => {
  test("is not opened for reading before it was opened for writing", async () => {
    const file = olderFile();
    const refused = { code: "FILE_INVALID", message: expect.stringContaining("older version") };
    await expect(open(file, { readOnly: true })).rejects.toMatchObject(refused);
    await (await open(file)).close();
    await using store = await open(file, { readOnly: true });
    expect(await store.verify()).toMatchObject({ ok: true, events });
  });

  test("is folded anew once, and says how far it is", async () => {
    const file = olderFile();
    const steps: number[] = [];
    const onUpgradeProgress: OpenOptions["onUpgradeProgress"] = ({ done, total }) =>
      steps.push(done, total);
    await (await open(file, { onUpgradeProgress })).close();
    expect(steps.slice(-2)).toEqual([events, events]);
    await (await open(file, { onUpgradeProgress: () => steps.push(0) })).close();
    expect(steps).not.toContain(0);
  });

  test("is folded anew by the next opening when the first ended before that", async () => {
    const file = olderFile();
    await openSqlite({ file }).close();
    await expect(open(file, { readOnly: true })).rejects.toMatchObject({ code: "FILE_INVALID" });
    await using store = await open(file);
    expect(await store.verify()).toMatchObject({ ok: true, events });
  });

  test("verifies, rebuilds without a difference, and goes on", async () => {
    await using store = await open(olderFile());
    expect(await store.verify()).toMatchObject({ ok: true, events });
    expect(await store.rebuild()).toMatchObject({ replayed: events, differences: 0 });
    const { buckets } = store.namespace();
    await buckets.patch("clips", { description: "later" });
    expect(await buckets.blame("clips", { path: "/description" })).toMatchObject({
      "/description": { position: events + 1 },
    });
    expect(await store.rebuild()).toMatchObject({ differences: 0 });
  });

  test("blames the same events for every leaf of every resource as before", async () => {
    const file = olderFile();
    const expected = blameRows(file);
    expect([...new Set([...expected.keys()].map(kindOfStream))].sort()).toEqual([
      "batch",
      "bucket",
      "connection",
      "delivery",
      "object",
      "upload",
    ]);
    await (await open(file)).close();
    const db = new Database(file);
    const view = new SqliteReadView(db);
    for (const [stream, leaves] of expected) {
      const folded = await view.folded(stream);
      if (folded === undefined) throw new Error(`${stream} is lost`);
      const { state, blame } = folded;
      expect(Object.fromEntries(blamedLeaves(blame, documentOf(state))), stream).toEqual(leaves);
    }
    db.close();
  });

  test("tells the blame of before its saved states, and of after them", async () => {
    await using store = await open(olderFile());
    const { buckets } = store.namespace();
    for (const asOf of ["50", "99", "100", "101"]) {
      const blamed = Object.values(await buckets.blame("clips", { asOf }));
      expect(Math.max(...blamed.map(({ version }) => version))).toBe(Number(asOf));
    }
  });
});
