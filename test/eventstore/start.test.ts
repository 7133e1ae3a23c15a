/** A store that cannot be opened says why in a line, and what can be done. */
import { readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openFailure } from "../../src/engines/sqlite/faults.js";
import { findObstacle } from "../../src/engines/sqlite/private-file.js";
import { sqliteBackend, temporaryFile } from "../support/backends.js";

const sqliteError = (code: string) => new Database.SqliteError("unable to open", code);

describe("what keeps a file from being opened for writing", () => {
  test.each([
    ["EROFS", "FILE_INVALID", "it lies on a medium that is read-only"],
    ["EACCES", "FILE_INVALID", "this user may not write to it"],
    ["EMFILE", "FILE_INVALID", "no file descriptor left"],
    ["ENOSPC", "STORAGE_FULL", "the disk is full"],
    ["EDQUOT", "STORAGE_FULL", "the disk is full"],
  ])("%s is told as %s: %s, and how to read it", (obstacle, code, why) => {
    const told = openFailure(sqliteError("SQLITE_CANTOPEN"), "/x/store.db", () => obstacle);
    expect(told).toMatchObject({ code, message: expect.stringContaining(why) });
    expect(told).toMatchObject({ message: expect.stringMatching(/^\/x\/store\.db .*--read-only/) });
  });

  test("is not looked for where SQLite was not what refused", () => {
    const look = () => {
      throw new Error("it was looked for");
    };
    const error = new Error("another");
    expect(openFailure(error, "/x/store.db", look)).toBe(error);
  });

  test("is found by trying, which leaves nothing", () => {
    const file = temporaryFile();
    expect(findObstacle(file)).toBeUndefined();
    expect(findObstacle("/nowhere/store.db")).toBe("ENOENT");
    expect(readdirSync(dirname(file))).toEqual([]);
  });
});

describe("a lock file", () => {
  test.each([
    ["garbage", (lock: string) => writeFileSync(lock, "no database at all, but text ".repeat(300))],
    ["cut short", (lock: string) => truncateSync(lock, 5_000)],
  ])("that is %s is told as that", async (_, damage) => {
    const first = sqliteBackend();
    await first.close();
    damage(`${first.file}.lock`);
    expect(() => sqliteBackend({ file: first.file })).toThrow(
      expect.objectContaining({
        code: "FILE_INVALID",
        message: expect.stringMatching(/store\.db\.lock is damaged: remove it, once no process/),
      }),
    );
    rmSync(`${first.file}.lock`);
    expect((await sqliteBackend({ file: first.file }).events.head()).position).toBe(0);
  });
});
