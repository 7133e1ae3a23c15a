/** One process owns the file: shown with real processes, which are killed without warning. */
import { rmSync } from "node:fs";
import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import { isBucketsError } from "../../src/domain/errors.js";
import { sqliteBackend, temporaryFile } from "../support/backends.js";
import { StoreProcess } from "../support/process.js";
import { accept, Units } from "../support/units.js";

function refusal(open: () => unknown): unknown {
  try {
    open();
  } catch (error) {
    if (isBucketsError(error)) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("the owner of a file", () => {
  test("keeps other processes from writing, who learn at once which process and host it is", async () => {
    const file = temporaryFile();
    const owner = await StoreProcess.start(file);
    const started = performance.now();
    expect(refusal(() => sqliteBackend({ file }))).toMatchObject({
      code: "LOCKED",
      message: expect.stringContaining(`process ${owner.pid} on "${hostname()}"`),
      details: { file, pid: owner.pid, host: hostname(), since: expect.any(String) },
    });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test("keeps its own process from opening the file for writing a second time", async () => {
    const { file, events } = sqliteBackend();
    expect(refusal(() => sqliteBackend({ file }))).toMatchObject({
      code: "LOCKED",
      details: { pid: process.pid },
    });
    const units = new Units();
    await accept(events, units.of(units.create("a")));
  });

  test("lets readers in, who see what it writes and cannot write", async () => {
    const file = temporaryFile();
    const owner = await StoreProcess.start(file);
    const reader = sqliteBackend({ file, readOnly: true });
    expect((await reader.events.head()).position).toBe(0);
    expect(await owner.ask("write")).toBe("committed");
    expect((await reader.events.head()).position).toBe(1);
    const units = new Units();
    await expect(reader.events.commit([units.of(units.create("b"))])).rejects.toMatchObject({
      code: "READ_ONLY",
    });
    expect(await reader.keeper.verify(undefined, () => {})).toMatchObject({ ok: true, events: 1 });
  });

  test("that was killed leaves nothing stale: the next one opens at once and has all of it", async () => {
    const file = temporaryFile();
    const owner = await StoreProcess.start(file);
    expect(await owner.ask("write")).toBe("committed");
    await owner.kill();
    const { events, keeper } = sqliteBackend({ file });
    expect((await events.head()).position).toBe(1);
    expect(await keeper.verify(undefined, () => {})).toMatchObject({ ok: true });
  });

  test("that closed lets the next one in", async () => {
    const first = sqliteBackend();
    await first.close();
    const second = sqliteBackend({ file: first.file });
    expect((await second.events.head()).position).toBe(0);
  });

  test("that was displaced, its lock file removed, writes no more", async () => {
    const units = new Units();
    const first = sqliteBackend();
    await accept(first.events, units.of(units.create("a")));
    rmSync(`${first.file}.lock`);
    const second = sqliteBackend({ file: first.file });
    await expect(first.events.commit([units.of(units.create("b"))])).rejects.toMatchObject({
      code: "NOT_READY",
      message: expect.stringContaining("store.db.lock is not the one that it was"),
      details: { outcome: "not_written" },
    });
    await accept(second.events, units.of(units.patch("a", {})));
    expect((await first.events.head()).position).toBe(2);
  });
});
