/** Both blob stores keep one contract; the one in a folder keeps some promises beside it. */
import { existsSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { BlobStore } from "../../src/blobstore/blob-store.js";
import { FileBlobStore } from "../../src/blobstore/file/blob-store.js";
import { MemoryBlobStore } from "../../src/blobstore/memory/blob-store.js";
import { temporaryFile } from "../support/backends.js";
import { FixedClock } from "../support/clock.js";
import { blobStoreContract, chunks, graceMs, sha256, textOf } from "./contract.js";

function openFolder(clock = new FixedClock()) {
  const folder = `${temporaryFile()}.blobs`;
  return { folder, clock, store: new FileBlobStore(folder, clock.read) };
}

const stores: Record<string, (clock: FixedClock) => BlobStore> = {
  memory: (clock) => new MemoryBlobStore(clock.read),
  folder: (clock) => openFolder(clock).store,
};

describe.each(Object.entries(stores))("the blob store in %s", (_, open) => {
  blobStoreContract(open);
});

describe("the folder", () => {
  const filesIn = (folder: string) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
      statSync(join(folder, name)).isFile(),
    );
  const unreferenced = { findReferenced: async () => new Set<string>(), graceMs };

  test("is made on the first write, for its owner alone", async () => {
    const { folder, store } = openFolder();
    await store.renew(sha256("x"));
    await store.collect(unreferenced);
    expect(existsSync(folder)).toBe(false);
    const { hash } = await store.write(chunks("x"));
    const path = join(hash.slice(0, 2), hash);
    expect(filesIn(folder)).toEqual([path]);
    const modes = ["", hash.slice(0, 2), path].map((name) => statSync(join(folder, name)).mode);
    expect(modes.map((mode) => mode & 0o777)).toEqual([0o700, 0o700, 0o600]);
  });

  test("is left without a trace of a write that failed", async () => {
    const { folder, store } = openFolder();
    await expect(store.write(chunks("too much"), { maxBytes: 3 })).rejects.toThrow();
    expect(filesIn(folder)).toEqual([]);
  });

  test("keeps the part of a writer that is at work, and its content when it is done", async () => {
    const { folder, clock, store } = openFolder();
    const reports: unknown[] = [];
    async function* slow() {
      yield Buffer.from("first ");
      clock.advance(graceMs * 2);
      reports.push(await store.collect(unreferenced));
      yield Buffer.from("second");
    }
    const { hash } = await store.write(slow());
    expect(reports).toEqual([{ kept: 0, removed: 0, abandoned: 0, bytesFreed: 0 }]);
    expect(await store.collect(unreferenced)).toMatchObject({ kept: 1, removed: 0 });
    expect(await textOf(store, hash)).toBe("first second");
    expect(filesIn(folder)).toHaveLength(1);
  });

  test("loses nothing that is not its own to the collection", async () => {
    const { folder, clock, store } = openFolder();
    const { hash } = await store.write(chunks("x"));
    const others = ["notes.txt", join(hash.slice(0, 2), "notes.txt")];
    for (const name of others) writeFileSync(join(folder, name), "mine");
    clock.advance(Date.now());
    expect(await store.collect(unreferenced)).toMatchObject({ removed: 1, abandoned: 0 });
    expect(filesIn(folder).toSorted()).toEqual(others.toSorted());
  });

  test("shows damage, and the same content written again mends it", async () => {
    const { folder, store } = openFolder();
    const { hash } = await store.write(chunks("precious"));
    truncateSync(join(folder, hash.slice(0, 2), hash), 4);
    expect(await store.verify(hash)).toBe("damaged");
    await store.write(chunks("precious"));
    expect(await store.verify(hash)).toBe("intact");
  });

  test("asks about much content in several questions", async () => {
    const { clock, store } = openFolder();
    const texts = Array.from({ length: 450 }, (_, n) => `content ${n}`);
    await Promise.all(texts.map((text) => store.write(chunks(text))));
    clock.advance(graceMs + 1);
    const asked: number[] = [];
    const report = await store.collect({
      graceMs,
      findReferenced: async (hashes) => {
        asked.push(hashes.length);
        return new Set(hashes.filter((hash) => hash < "8"));
      },
    });
    const kept = texts.filter((text) => sha256(text) < "8").length;
    expect(asked).toEqual([200, 200, 50]);
    expect(report).toMatchObject({ kept, removed: texts.length - kept });
  });
});
