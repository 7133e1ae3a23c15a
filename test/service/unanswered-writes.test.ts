/**
 * Goal: a write that was recorded is never told as refused, whatever keeps its answer from being made; and
 * one that was only tried, or was refused, is told as that.
 */
import { expect, onTestFinished, test } from "vitest";
import { MemoryBlobStore } from "../../src/blobstore/memory/blob-store.js";
import { BucketsError } from "../../src/domain/errors.js";
import { anyVersion } from "../../src/domain/precondition.js";
import { SqliteReadView } from "../../src/engines/sqlite/view.js";
import { Committer } from "../../src/eventstore/committer.js";
import { nobody } from "../../src/service/asker.js";
import { type Checked, UnitWriter } from "../../src/service/write/writing.js";
import { temporaryFile } from "../support/backends.js";
import { FixedClock } from "../support/clock.js";
import { openSqlite } from "../support/sqlite.js";
import { Units } from "../support/units.js";

const asker = { namespace: "default", caller: nobody("ana") };

function writerOnFile() {
  const clock = new FixedClock().read;
  const events = openSqlite({ file: temporaryFile() });
  onTestFinished(() => events.close());
  const units = new Units();
  const writer = new UnitWriter({
    events,
    view: new SqliteReadView(events.readerDb),
    received: events.received,
    blobs: new MemoryBlobStore(clock),
    committer: new Committer(events),
    run: (work) => work(),
    clock,
    newId: (prefix) => units.id(prefix),
    randomBytes: (size) => new Uint8Array(size),
  });
  /** A bucket is made, whose answer needs something of a disk that fails. */
  const creation = (name: string, refusal?: BucketsError): Checked<string> => {
    const { target, command } = units.create(name);
    return {
      reason: undefined,
      precondition: anyVersion,
      call: ["create", name],
      command: { target, command },
      render: async ({ replayed }) => {
        if (refusal !== undefined) throw refusal;
        return replayed ? "as before" : "made";
      },
    };
  };
  return { events, writer, creation };
}

const failing = () =>
  new BucketsError("STORAGE_FAILED", "The storage fails (EIO).", { outcome: "not_written" });

test("what was recorded and cannot be told has an unknown outcome, and its retry tells it", async () => {
  const { events, writer, creation } = writerOnFile();
  const options = { idempotencyKey: "once" };
  for (const time of ["first", "again"]) {
    const refused = writer.writeOne(asker, creation("films", failing()), options);
    await expect(refused, time).rejects.toMatchObject({
      code: "STORAGE_FAILED",
      details: { outcome: "unknown" },
    });
    await expect(refused, time).rejects.toThrow("What was written cannot be told");
    expect((await events.head()).position).toBe(1);
  }
  expect(await writer.writeOne(asker, creation("films"), options)).toBe("as before");
});

test("what was tried alone, and what was refused, was not written", async () => {
  const { events, writer, creation } = writerOnFile();
  const tried = writer.writeOne(asker, creation("films", failing()), { dryRun: true });
  await expect(tried).rejects.toMatchObject({ details: { outcome: "not_written" } });
  await writer.writeOne(asker, creation("films"), {});
  const taken = writer.writeOne(asker, creation("films", failing()), {});
  await expect(taken).rejects.toMatchObject({
    code: "ALREADY_EXISTS",
    details: expect.not.objectContaining({ outcome: expect.anything() }),
  });
  expect((await events.head()).position).toBe(1);
});
