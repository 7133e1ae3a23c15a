/**
 * The epoch that a process owns the file in is on the disk, or there is none: shown with a process whose
 * writes to the WAL fail, because no file of it may grow beyond 4 KiB, while it recovers.
 */
import { execFileSync } from "node:child_process";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { sqliteBackend, temporaryFile } from "../support/backends.js";
import { StoreProcess } from "../support/process.js";
import { accept, Units } from "../support/units.js";

/** Less than the header of a WAL and one page. */
const tooSmall = "4096";

function limitFiles({ pid }: StoreProcess, bytes: string): void {
  execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`]);
}

/** So that a recovery finds nothing to copy, and its epoch is the first thing that it writes. */
function copyWal(file: string): void {
  const db = new Database(file);
  db.pragma("wal_checkpoint(PASSIVE)");
  db.close();
}

describe.skipIf(process.platform !== "linux")("an epoch whose write failed", () => {
  test("is none: the store is not ready until it is on the disk, and then it writes", async () => {
    const file = temporaryFile();
    const store = await StoreProcess.start(file);
    expect(await store.ask("write")).toBe("committed");
    copyWal(file);
    limitFiles(store, tooSmall);
    expect(await store.ask("write")).toMatch(/OUTCOME_UNKNOWN|NOT_READY/);
    // By then it has tried to recover, more than once.
    for (const pause of [300, 300]) {
      expect(await store.ask("health")).toMatchObject({ ready: false });
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    expect(await store.ask("write")).toBe("NOT_READY");
    limitFiles(store, "unlimited");
    expect(await store.ask("untilReady")).toMatchObject({ ready: true });
    expect(await store.ask("write")).toBe("committed");
  });
});

describe("an epoch that is gone from the file", () => {
  test("is made anew, and the store writes on", async () => {
    const { file, events } = sqliteBackend();
    const units = new Units();
    await accept(events, units.of(units.create("a")));
    const other = new Database(file);
    other.exec("UPDATE head SET owner_epoch = owner_epoch - 1");
    other.close();
    await expect(events.commit([units.of(units.create("b"))])).rejects.toMatchObject({
      code: "NOT_READY",
      details: { outcome: "not_written" },
    });
    expect(await events.health()).toMatchObject({ ready: false });
    await expect.poll(() => events.health()).toMatchObject({ ready: true });
    await accept(events, units.of(units.create("b")));
  });

  test("because another writer made one, says so for as long as the store is open", async () => {
    const { file, events } = sqliteBackend();
    const units = new Units();
    const other = new Database(file);
    other.exec("UPDATE head SET owner_epoch = owner_epoch + 1");
    other.close();
    for (const name of ["a", "b"]) {
      await expect(events.commit([units.of(units.create(name))])).rejects.toMatchObject({
        code: "LOCKED",
      });
      expect(await events.health()).toMatchObject({
        ready: false,
        reason: expect.stringContaining("taken over by another writer"),
      });
    }
    await events.close();
    await accept(sqliteBackend({ file }).events, units.of(units.create("c")));
  });
});
