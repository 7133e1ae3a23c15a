/**
 * Goal: what nobody reads is found to be damaged all the same, and going through it disturbs nobody.
 * Method: stores that somebody changes under the scrub, at its full speed and at none.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import { checkedBlobs } from "../../src/blobstore/checked.js";
import { FileBlobStore } from "../../src/blobstore/file/blob-store.js";
import { openBuckets } from "../../src/index.js";
import { memoryScrubNotes } from "../../src/service/scrub/notes.js";
import { Pace } from "../../src/service/scrub/pace.js";
import { Scrub, type ScrubParts } from "../../src/service/scrub/scrub.js";
import { nextTurn } from "../../src/timers.js";
import { type SqliteBackend, sqliteBackend, temporaryFile } from "../support/backends.js";
import { tamper } from "../support/forge.js";
import { accept, Units } from "../support/units.js";

const fast = 1e12;

async function filled() {
  const backend = sqliteBackend();
  const units = new Units();
  for (const name of ["a", "b", "c", "d"])
    await accept(backend.events, units.of(units.create(name)));
  const write = () => accept(backend.events, units.of(units.create("more")));
  return { backend, write };
}

function scrubOf(
  { events, keeper, view, clock, file }: SqliteBackend,
  more: Partial<ScrubParts> = {},
) {
  const blobs = new FileBlobStore(`${file}.blobs`, clock.read);
  return new Scrub({
    events,
    upkeep: keeper,
    view,
    blobs: checkedBlobs(blobs, () => {}),
    notes: memoryScrubNotes(),
    clock: clock.read,
    bytesPerSecond: fast,
    ...more,
  });
}

const alter = (file: string, position: number) =>
  tamper(file, (db) => db.exec(`UPDATE events SET body = '{}' WHERE position = ${position}`));

test("a round goes through all of it, and says so", async () => {
  const { backend } = await filled();
  const scrub = scrubOf(backend);
  expect(scrub.check()).toMatchObject({
    status: "pass",
    says: expect.stringContaining("round 1;"),
  });
  await scrub.round();
  expect(scrub.progress).toMatchObject({ rounds: 1, faults: 0 });
  expect(scrub.progress.bytes).toBeGreaterThan(4_096);
  expect(scrub.check()).toMatchObject({
    status: "pass",
    says: "in the log at position 0 of round 2; the last ended 2026-10-01T12:00:00.000Z",
  });
});

describe("what is found", () => {
  test.each([
    ["an altered event", 3, "UPDATE events SET body = '{}' WHERE position = 3"],
    ["an altered header", 3, "UPDATE events SET recorded_at = recorded_at + 1 WHERE position = 3"],
    ["an event that is gone", 3, "DELETE FROM events WHERE position = 3"],
    ["a head that is not the end", 5, "UPDATE head SET position = 5"],
  ])("%s stops the writing", async (_, position, sql) => {
    const { backend, write } = await filled();
    tamper(backend.file, (db) => db.exec(sql));
    const scrub = scrubOf(backend);
    await scrub.round();
    expect(scrub.check()).toMatchObject({
      status: "warn",
      says: expect.stringContaining(`the log was altered at position ${position}: `),
    });
    await expect(write()).rejects.toMatchObject({ code: "TAMPERED", details: { position } });
  });

  test("a page that is damaged is named with its cure", async () => {
    const { backend } = await filled();
    const problem = "page 9 of the table buckets is damaged: bucketlog rebuild makes it anew";
    const upkeep = { checkPages: async () => ({ bytes: 1, problem }) };
    const scrub = scrubOf(backend, { upkeep });
    await scrub.round();
    expect(scrub.check()).toMatchObject({ status: "warn", says: expect.stringContaining(problem) });
  });

  test("blobs that are damaged or missing are told, and one that was mended is well again", async () => {
    const file = temporaryFile();
    const store = await openBuckets({ file });
    const namespace = store.namespace();
    await namespace.buckets.create({ bucket_name: "a", bucket_schema: { properties: {} } });
    const data = Buffer.from("some bytes").toString("base64");
    const blobs = [{ property: "p", type: "image", data: `data:image/png;base64,${data}` }];
    const { object } = await namespace.objects("a").create({ blobs });
    const hash = object.blobs[0]?.details.hash ?? "";
    const path = join(`${file}.blobs`, hash.slice(0, 2), hash);
    await store.close();
    const backend = sqliteBackend({ file });
    const scrub = scrubOf(backend);
    for (const [change, status, says] of [
      [() => writeFileSync(path, "some bytez"), "warn", `${hash} are damaged`],
      [() => rmSync(path), "warn", `${hash} are missing`],
      [() => writeFileSync(path, "some bytes"), "pass", "the last ended"],
    ] as const) {
      change();
      await scrub.round();
      expect(scrub.check()).toMatchObject({ status, says: expect.stringContaining(says) });
    }
    expect(scrub.progress).toMatchObject({ rounds: 3, faults: 2 });
  });
});

test("a round that was interrupted goes on where it was", async () => {
  const { backend } = await filled();
  const notes = memoryScrubNotes();
  const earlier = scrubOf(backend, { notes });
  await earlier.round();
  const note = notes.read();
  expect(note).toMatchObject({ rounds: 1, position: 0 });
  if (note === undefined) return;
  await notes.write({ ...note, position: 3 });
  alter(backend.file, 2);
  const scrub = scrubOf(backend, { notes });
  await scrub.round();
  expect(scrub.check()).toMatchObject({ status: "pass" });
  await scrub.round();
  expect(scrub.check()).toMatchObject({ status: "warn" });
});

test("waits for its turn by bytes, and no longer once it is stopped", async () => {
  const { backend } = await filled();
  const scrub = scrubOf(backend, { bytesPerSecond: 0.001 });
  scrub.start();
  await vi.waitFor(() => expect(scrub.progress.bytes).toBeGreaterThan(0), { timeout: 60_000 });
  const { bytes } = scrub.progress;
  await scrub.stop();
  expect(scrub.progress).toMatchObject({ bytes, rounds: 0 });
});

test("a pace that is used up has whoever comes next wait", async () => {
  const stopping = new AbortController();
  const pace = new Pace(1, stopping.signal);
  let isThrough = false;
  const taken = pace.take(1_000_000).then(() => {
    isThrough = true;
  });
  await nextTurn();
  expect(isThrough).toBe(false);
  stopping.abort();
  await taken;
  await new Pace(fast, new AbortController().signal).take(1_000_000);
});

test("a store that is opened with a rate tells how far it is, and a later one goes on", async () => {
  const file = temporaryFile();
  const open = () => openBuckets({ file, scrubMibPerSecond: 10_000 });
  for (const round of ["round 2;", "round 3;"]) {
    await using store = await open();
    const told = async () => {
      const { checks } = await store.health();
      const scrub = checks.find(({ name }) => name === "scrub");
      expect(scrub).toMatchObject({ status: "pass", says: expect.stringContaining(round) });
    };
    await vi.waitFor(told, { timeout: 60_000 });
  }
});

describe("bytes that are read whole", () => {
  async function content(text: string) {
    const blobs = new FileBlobStore(`${temporaryFile()}.blobs`, Date.now);
    const { hash } = await blobs.write(Readable.from([Buffer.from(text)]));
    const damaged: string[] = [];
    return { hash, damaged, checked: checkedBlobs(blobs, (found) => damaged.push(found)), blobs };
  }

  test("end before the last of them where they are not what they were", async () => {
    const text = "x".repeat(600_000);
    const { hash, damaged, checked, blobs } = await content(text);
    const read = async (range?: { start: number; end: number }) => {
      const found = await checked.read(hash, range);
      let bytes = 0;
      for await (const chunk of found?.stream ?? []) bytes += chunk.length;
      return bytes;
    };
    expect(await read()).toBe(600_000);
    const other = await content(`y${text.slice(1)}`);
    const source = await other.blobs.read(other.hash);
    vi.spyOn(blobs, "read").mockResolvedValueOnce(source);
    await expect(read()).rejects.toMatchObject({ code: "FILE_INVALID", details: { hash } });
    expect(damaged).toEqual([hash]);
    expect(await read({ start: 0, end: 9 })).toBe(10);
  });

  test("are let go of by whoever does not read them", async () => {
    const { hash, checked, blobs } = await content("some");
    const source = await blobs.read(hash);
    const destroy = vi.fn();
    if (source === undefined) throw new Error("it was written");
    vi.spyOn(source.stream, "destroy").mockImplementation(destroy);
    vi.spyOn(blobs, "read").mockResolvedValueOnce(source);
    const found = await checked.read(hash);
    found?.stream.destroy();
    await vi.waitFor(() => expect(destroy).toHaveBeenCalled());
  });
});
