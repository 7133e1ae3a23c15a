/** A store whose files are deleted or replaced under it acknowledges nothing that will be gone. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Committer } from "../../src/eventstore/committer.js";
import { sqliteBackend, temporaryFile } from "../support/backends.js";
import { MovingClock } from "../support/moving-clock.js";
import { accept, commitOne, idempotencyKey, Units, verdict } from "../support/units.js";

async function written() {
  const backend = sqliteBackend();
  const units = new Units();
  await accept(backend.events, units.of(units.create("a")));
  const write = (name: string) => backend.events.commit([units.of(units.create(name))]);
  return { ...backend, write };
}

const kinds: readonly [string, (path: string) => void][] = [
  ["deleted", (path) => rmSync(path)],
  [
    "replaced by its copy",
    (path) => {
      copyFileSync(path, `${path}.copy`);
      renameSync(`${path}.copy`, path);
    },
  ],
];

describe.each(["", "-wal", ".lock"])("store.db%s", (suffix) => {
  test.each(kinds)(
    "%s: nothing is written any more, reads go on, and it is said",
    async (_, away) => {
      const { file, events, view, write } = await written();
      away(`${file}${suffix}`);
      for (let tries = 0; tries < 2; tries += 1) {
        await expect(write("b")).rejects.toMatchObject({
          code: "NOT_READY",
          message: expect.stringContaining(`store.db${suffix} is`),
          details: { outcome: "not_written" },
        });
      }
      expect(await events.health()).toMatchObject({
        ready: false,
        reason: expect.stringMatching(/^store\.db\S* is .*POST \/v1\/admin\/rescue/),
      });
      expect((await events.head()).position).toBe(1);
      expect((await view.find("default", "a"))?.version).toBe(1);
    },
  );

  test("deleted after writes that went on finding it: the next one is refused", async () => {
    const { file, write } = await written();
    const began = performance.now();
    for (let count = 0; performance.now() - began < 50; count += 1) await write(`b${count}`);
    rmSync(`${file}${suffix}`);
    await expect(write("c")).rejects.toMatchObject({
      code: "NOT_READY",
      message: expect.stringContaining(`store.db${suffix} is gone`),
    });
  });

  test("moved away and back: writes are taken again", async () => {
    const { file, events, write } = await written();
    const path = `${file}${suffix}`;
    renameSync(path, `${path}.away`);
    expect(await events.health()).toMatchObject({ ready: false });
    renameSync(`${path}.away`, path);
    await expect.poll(() => events.health()).toMatchObject({ ready: true });
    await write("b");
    expect((await events.head()).position).toBe(2);
  });
});

test("moved away while a commit is under way: it is there once the file is, and what comes next builds on it", async () => {
  const file = temporaryFile();
  const clock = new MovingClock(file);
  const { events } = sqliteBackend({ file, clock });
  const units = new Units();
  await accept(events, units.of(units.create("a")));
  const once = () =>
    units.of(units.patch("a", { description: "second" }), { idempotency: idempotencyKey("once") });
  clock.moveAway();
  await expect(events.commit([once()])).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
  clock.putBack();
  await expect.poll(() => events.health()).toMatchObject({ ready: true });
  expect(verdict(await commitOne(events, once()))).toBe("replayed");
  await accept(events, units.of(units.patch("a", { description: "third" })));
  expect((await events.head()).position).toBe(3);
});

test("moved away while a commit is under way: whoever waits for the log, or for a time, looks again", async () => {
  const file = temporaryFile();
  const clock = new MovingClock(file);
  const { events } = sqliteBackend({ file, clock });
  const committer = new Committer(events);
  let woken = 0;
  committer.onDue(() => {
    woken += 1;
  });
  const units = new Units();
  await committer.submit(units.of(units.create("a")));
  expect(woken).toBe(0);
  clock.moveAway();
  const refused = committer.submit(units.of(units.create("b")));
  await expect(refused).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
  expect(woken).toBe(1);
  await expect(committer.submit(units.of(units.create("c")))).rejects.toMatchObject({
    code: "NOT_READY",
  });
  expect(woken).toBe(1);
  clock.putBack();
});

test("the folder with all of it is moved away: nothing is written any more", async () => {
  const { file, write } = await written();
  const began = performance.now();
  for (let count = 0; performance.now() - began < 50; count += 1) await write(`b${count}`);
  const folder = dirname(file);
  renameSync(folder, `${folder}-away`);
  onTestFinished(() => renameSync(`${folder}-away`, folder));
  await expect(write("c")).rejects.toMatchObject({
    code: "NOT_READY",
    message: expect.stringContaining("store.db is gone"),
  });
});

describe("what is not open all the time", () => {
  test.each([
    [".blobs", (path: string) => mkdirSync(path)],
    [".key", (path: string) => writeFileSync(path, "ab".repeat(32))],
  ])("is missed once it was there: store.db%s", async (suffix, make) => {
    const { file, events, write } = await written();
    make(`${file}${suffix}`);
    expect(await events.health()).toMatchObject({ ready: true });
    renameSync(`${file}${suffix}`, `${file}.away`);
    expect(await events.health()).toMatchObject({
      ready: false,
      reason: expect.stringContaining(`store.db${suffix} is gone`),
    });
    await expect(write("b")).rejects.toMatchObject({ code: "NOT_READY" });
  });

  test("may be written anew with the same in it: the key", async () => {
    const { file, events, write } = await written();
    writeFileSync(`${file}.key`, "ab".repeat(32));
    expect(await events.health()).toMatchObject({ ready: true });
    rmSync(`${file}.key`);
    writeFileSync(`${file}.key`, "ab".repeat(32));
    expect(await events.health()).toMatchObject({ ready: true });
    await write("b");
    writeFileSync(`${file}.key`, "cd".repeat(32));
    expect(await events.health()).toMatchObject({
      reason: expect.stringContaining("store.db.key is not the one that it was"),
    });
  });
});

describe("what is still open", () => {
  test("is not copied while it is in place", async () => {
    const { events } = await written();
    await expect(events.rescue()).rejects.toMatchObject({ code: "CONFLICT" });
  });

  test("of a deleted database is copied whole, and the copy verifies and takes writes", async () => {
    const { file, events, close } = await written();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`);
    const rescued = await events.rescue();
    expect(rescued).toMatchObject({ file: `${file}.rescued-1`, position: 1 });
    expect(readFileSync(rescued.file)).toHaveLength(rescued.bytes);
    expect(existsSync(`${rescued.file}.partial`)).toBe(false);
    await close();
    const again = sqliteBackend({ file: rescued.file });
    expect(await again.keeper.verify(undefined, () => {})).toMatchObject({ ok: true, events: 1 });
    const units = new Units(100);
    await accept(again.events, units.of(units.patch("a", { description: "rescued" })));
  });

  test.each(kinds)("of a WAL that was %s is in the database once it is closed", async (_, away) => {
    const { file, close } = await written();
    away(`${file}-wal`);
    await close();
    const again = sqliteBackend({ file });
    expect(await again.keeper.verify(undefined, () => {})).toMatchObject({ ok: true, events: 1 });
  });

  // SQLite sees to it: it looks whether the database was moved before it removes a WAL by its name.
  test("of another store in its place, closing leaves what that one wrote alone", async () => {
    const { file, close } = await written();
    const other = await written();
    for (const suffix of ["", "-wal", "-shm"]) {
      renameSync(`${other.file}${suffix}`, `${file}${suffix}`);
    }
    const wal = readFileSync(`${file}-wal`);
    expect(wal.length).toBeGreaterThan(0);
    await close();
    expect(readFileSync(`${file}-wal`)).toEqual(wal);
  });
});
