/**
 * What survives. Three ways to end badly: a WAL that was torn at any byte, a process that is killed
 * while it acknowledges, and a disk that fails under a commit and comes back. Each time what is
 * found afterwards must be whole transactions from the start of the log, with everything in it that
 * was acknowledged.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { sqliteBackend, temporaryFile, temporaryFolder } from "../support/backends.js";
import { depth } from "../support/depth.js";
import { StoreProcess } from "../support/process.js";
import { commitOne, Units, verdict } from "../support/units.js";

const ignore = () => {};

test("a WAL that is torn at any byte leaves whole transactions, and the view that they give", async () => {
  const transactions = depth({ smoke: 12, deep: 60 });
  const cuts = depth({ smoke: 12, deep: 401 });
  const { file, events } = sqliteBackend();
  events.exclusive(({ db }) => db.pragma("wal_autocheckpoint = 0"));
  const units = new Units();
  for (let n = 0; n < transactions; n += 1) {
    const name = `bucket ${n}`;
    const unit = units.of([
      units.create(name, { metadata: { text: "x".repeat((n * 97) % 3_000) } }),
      units.patch(name, { description: "second" }),
      n % 2 === 0 ? units.lock(name) : units.patch(name, { bucket_name: `renamed ${n}` }),
    ]);
    expect(verdict(await commitOne(events, unit))).toBe("committed");
  }
  const wal = readFileSync(`${file}-wal`);
  const folder = temporaryFolder();
  const lengths = new Set<number>();
  let longest = 0;
  for (let cut = 0; cut <= cuts; cut += 1) {
    const copy = join(folder, `${cut}.db`);
    copyFileSync(file, copy);
    copyFileSync(`${file}-wal`, `${copy}-wal`);
    truncateSync(`${copy}-wal`, Math.floor((wal.length * cut) / cuts));
    const torn = sqliteBackend({ file: copy });
    const { position } = await torn.events.head();
    expect(position % 3).toBe(0);
    expect(position).toBeGreaterThanOrEqual(longest);
    longest = position;
    lengths.add(position);
    expect(await torn.keeper.verify(undefined, ignore)).toMatchObject({
      ok: true,
      events: position,
    });
    await torn.close();
  }
  expect(longest).toBe(3 * transactions);
  expect(lengths.size).toBeGreaterThan(transactions / 2);
}, 300_000);

test("a process that is killed while it writes has kept all that it acknowledged", async () => {
  const file = temporaryFile();
  let kept = 0;
  for (let round = 0; round < depth({ smoke: 1, deep: 20 }); round += 1) {
    const writer = await StoreProcess.start(file);
    writer.tell("appendForEver");
    let acknowledged = 0;
    for (let lines = 0; lines < 40; lines += 1)
      acknowledged = z.number().parse(await writer.line());
    const said = await writer.kill();
    acknowledged = Math.max(acknowledged, ...z.array(z.number()).parse(said));
    expect(acknowledged).toBeGreaterThanOrEqual(kept + 40);

    const { events, view, keeper, close } = sqliteBackend({ file });
    kept = (await events.head()).position;
    // One more may have been committed and not yet told.
    expect([acknowledged, acknowledged + 1]).toContain(kept);
    for (let n = 0; n < acknowledged; n += 1) {
      expect(await view.find("default", `bucket ${n}`)).toMatchObject({ position: n + 1 });
    }
    expect(await keeper.verify(undefined, ignore)).toMatchObject({ ok: true, events: kept });
    await close();
  }
}, 300_000);

const hasPrlimit = spawnSync("prlimit", ["--version"]).status === 0;

describe.skipIf(!hasPrlimit)("a disk that fails (needs prlimit of util-linux)", () => {
  /** No byte of a file beyond the limit can be written: the write fails with EFBIG. */
  function limitFileSize(pid: number, bytes: number | "unlimited"): void {
    const { status, stderr } = spawnSync("prlimit", [`--pid=${pid}`, `--fsize=${bytes}:unlimited`]);
    if (status !== 0) throw new Error(`prlimit: ${stderr}`);
  }

  test.each([
    ["from the first byte on", () => 1],
    ["once the WAL has grown", (file: string) => statSync(`${file}-wal`).size + 20_000],
  ])("%s leaves the outcome unknown; reads go on, and it recovers by itself", async (_, limit) => {
    const file = temporaryFile();
    const writer = await StoreProcess.start(file);
    for (let n = 0; n < 60; n += 1) expect(await writer.ask("write")).toBe("committed");
    limitFileSize(writer.pid, limit(file));
    let acknowledged = 60;
    let answer = await writer.ask("write");
    for (; answer === "committed"; answer = await writer.ask("write")) acknowledged += 1;
    expect(answer).toBe("OUTCOME_UNKNOWN");

    expect(await writer.ask("write")).toBe("NOT_READY");
    expect(await writer.ask("health")).toMatchObject({ ready: false });
    expect(await writer.ask("head")).toBe(acknowledged);

    limitFileSize(writer.pid, "unlimited");
    expect(await writer.ask("untilReady")).toMatchObject({ ready: true });
    // The same write under the same key: done now, or found to be done already, but never twice.
    expect(["committed", "replayed"]).toContain(await writer.ask("write"));
    const position = acknowledged + 1;
    expect(await writer.ask("head")).toBe(position);
    await writer.kill();

    const { events, keeper } = sqliteBackend({ file });
    expect((await events.head()).position).toBe(position);
    expect(await keeper.verify(undefined, ignore)).toMatchObject({ ok: true, events: position });
  });
});
