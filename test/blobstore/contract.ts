/** What every blob store promises, whatever it is made of; each implementation runs it. */
import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import type { BlobStore } from "../../src/blobstore/blob-store.js";
import { FixedClock } from "../support/clock.js";

export const graceMs = 60_000;
const nothing = async () => new Set<string>();

export function sha256(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}

export async function* chunks(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

const turn = () => new Promise(setImmediate);

async function* breakingOff(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("begun");
  throw new Error("the line is dead");
}

export async function textOf(store: BlobStore, hash: string): Promise<string> {
  const content = await store.read(hash);
  if (content === undefined) throw new Error(`${hash} is not there`);
  return (await buffer(content.stream)).toString();
}

const notHashes = [
  "",
  "../../etc/passwd",
  "0".repeat(63),
  "0".repeat(65),
  "A".repeat(64),
  `${"0".repeat(64)}\n`,
  `../${"0".repeat(61)}`,
];

export function blobStoreContract(open: (clock: FixedClock) => BlobStore): void {
  const setUp = () => {
    const clock = new FixedClock();
    const store = open(clock);
    const keep = async (text: string) => (await store.write(chunks(text))).hash;
    return { clock, store, keep };
  };

  describe("write", () => {
    test.each([
      ["one byte more than the most", { maxBytes: 5 }, "PAYLOAD_TOO_LARGE"],
      ["one byte more than expected", { expectedBytes: 5 }, "BAD_REQUEST"],
      ["one byte less than expected", { expectedBytes: 7 }, "BAD_REQUEST"],
    ])("refuses %s and keeps nothing of it", async (_, limits, code) => {
      const { store } = setUp();
      await expect(store.write(chunks("abc", "def"), limits)).rejects.toMatchObject({ code });
      expect(await store.verify(sha256("abcdef"))).toBe("missing");
      expect(await store.collect({ findReferenced: nothing, graceMs })).toEqual({
        kept: 0,
        removed: 0,
        abandoned: 0,
        bytesFreed: 0,
      });
    });

    test("stops asking a source that has given too much", async () => {
      const { store } = setUp();
      let asked = 0;
      async function* endless() {
        for (;;) {
          asked += 1;
          yield Buffer.alloc(10);
        }
      }
      await expect(store.write(endless(), { maxBytes: 25 })).rejects.toThrow("larger than 25");
      expect(asked).toBe(3);
    });

    test("passes on what broke the source, and keeps nothing of it", async () => {
      const { store } = setUp();
      await expect(store.write(breakingOff())).rejects.toThrow("the line is dead");
      expect(await store.renew(sha256("begun"))).toBeUndefined();
    });

    test.each([
      ["exactly the most", { maxBytes: 6 }],
      ["exactly what is expected", { expectedBytes: 6 }],
      ["any size without limits", {}],
    ])("takes %s", async (_, limits) => {
      const { store } = setUp();
      const written = await store.write(chunks("abc", "", "def"), limits);
      expect(written).toEqual({ hash: sha256("abcdef"), sizeBytes: 6 });
      expect(await textOf(store, written.hash)).toBe("abcdef");
    });

    test("takes empty content", async () => {
      const { store } = setUp();
      const { hash, sizeBytes } = await store.write(chunks());
      expect([hash, sizeBytes]).toEqual([sha256(""), 0]);
      expect(await textOf(store, hash)).toBe("");
    });

    test("takes a source that fills the same buffer again", async () => {
      const { store } = setUp();
      const one = Buffer.alloc(3);
      async function* reusing() {
        for (const text of ["abc", "def"]) {
          one.write(text);
          yield one;
        }
      }
      const { hash } = await store.write(reusing());
      expect(await textOf(store, hash)).toBe("abcdef");
    });

    test("keeps the same content once, also when it is written many times at once", async () => {
      const { store } = setUp();
      const texts = ["same", "same", "same", "other"];
      await Promise.all(texts.map((text) => store.write(chunks(text))));
      expect(await store.collect({ findReferenced: nothing, graceMs })).toMatchObject({ kept: 2 });
    });
  });

  describe("read", () => {
    test.each(notHashes)("refuses %j, which is no hash", async (hash) => {
      const { store } = setUp();
      for (const refused of [store.read(hash), store.renew(hash), store.verify(hash)]) {
        await expect(refused).rejects.toMatchObject({ code: "BAD_REQUEST" });
      }
    });

    test("finds nothing under a hash that was never written", async () => {
      const { store } = setUp();
      expect(await store.read(sha256("never"))).toBeUndefined();
      expect(await store.renew(sha256("never"))).toBeUndefined();
      expect(await store.verify(sha256("never"))).toBe("missing");
    });

    test.each([
      [{ start: 0, end: 0 }, "0"],
      [{ start: 3, end: 5 }, "345"],
      [{ start: 9, end: 9 }, "9"],
      [{ start: 8, end: 99 }, "89"],
    ])("gives the range %j of ten digits", async (range, text) => {
      const { store, keep } = setUp();
      const hash = await keep("0123456789");
      const content = await store.read(hash, range);
      expect(content?.sizeBytes).toBe(10);
      expect(content && (await buffer(content.stream)).toString()).toBe(text);
    });

    test("goes on when the content is collected meanwhile", async () => {
      const { store, keep, clock } = setUp();
      const hash = await keep("read me");
      const content = await store.read(hash);
      clock.advance(graceMs + 1);
      await store.collect({ findReferenced: nothing, graceMs });
      expect(await store.verify(hash)).toBe("missing");
      expect(content && (await buffer(content.stream)).toString()).toBe("read me");
    });

    test("of all that was written finds it intact", async () => {
      const { store, keep } = setUp();
      expect(await store.verify(await keep("whole"))).toBe("intact");
    });
  });

  describe("collect", () => {
    test("of a store that was never written to finds nothing", async () => {
      const { store } = setUp();
      expect(await store.collect({ findReferenced: nothing, graceMs })).toEqual({
        kept: 0,
        removed: 0,
        abandoned: 0,
        bytesFreed: 0,
      });
    });

    test("removes what nothing refers to, once its grace is over", async () => {
      const { store, keep, clock } = setUp();
      const [kept, lost] = [await keep("kept"), await keep("lost")];
      const findReferenced = async (hashes: readonly string[]) =>
        new Set(hashes.filter((hash) => hash === kept));
      clock.advance(graceMs - 1);
      expect(await store.collect({ findReferenced, graceMs })).toMatchObject({ removed: 0 });
      clock.advance(2);
      expect(await store.collect({ findReferenced, graceMs })).toEqual({
        kept: 1,
        removed: 1,
        abandoned: 0,
        bytesFreed: 4,
      });
      expect(await store.verify(lost)).toBe("missing");
      expect(await textOf(store, kept)).toBe("kept");
    });

    test("begins the grace anew with the same content and with a renewal", async () => {
      const { store, keep, clock } = setUp();
      const [written, renewed] = [await keep("written"), await keep("renewed")];
      clock.advance(graceMs + 1);
      await keep("written");
      expect(await store.renew(renewed)).toBe(7);
      await store.collect({ findReferenced: nothing, graceMs });
      expect(await store.verify(written)).toBe("intact");
      expect(await store.verify(renewed)).toBe("intact");
    });

    test("spares what came to be referred to while it was asking", async () => {
      const { store, keep, clock } = setUp();
      const hashes = [await keep("written"), await keep("renewed"), await keep("lost")];
      clock.advance(graceMs + 1);
      const report = await store.collect({
        graceMs,
        // The answer is of before; the commands that refer to the two come right after it.
        findReferenced: async () => {
          await keep("written");
          await store.renew(hashes[1] ?? "");
          return new Set();
        },
      });
      expect(report).toMatchObject({ kept: 2, removed: 1 });
      expect(await Promise.all(hashes.map((hash) => store.verify(hash)))).toEqual([
        "intact",
        "intact",
        "missing",
      ]);
    });

    test("among writers never takes what one of them was told is there", async () => {
      const { store, keep, clock } = setUp();
      const texts = Array.from({ length: 30 }, (_, n) => `content ${n}`);
      for (let round = 0; round < 5; round += 1) {
        await Promise.all(texts.map(keep));
        clock.advance(graceMs + 1);
        const referenced = new Set<string>();
        const referToAll = async () => {
          for (const text of texts) {
            await turn();
            const hash = sha256(text);
            if ((await store.renew(hash)) === undefined) await keep(text);
            referenced.add(hash);
          }
        };
        // When the answer arrives it is old, and there is still more to come.
        const findReferenced = async () => {
          const answer = new Set(referenced);
          while (referenced.size < texts.length / 2) await turn();
          return answer;
        };
        await Promise.all([store.collect({ findReferenced, graceMs }), referToAll()]);
        expect(referenced.size).toBe(texts.length);
        for (const hash of referenced) expect(await store.verify(hash)).toBe("intact");
      }
    });

    test("fails and removes nothing when it cannot learn what is referred to", async () => {
      const { store, keep, clock } = setUp();
      const hash = await keep("kept");
      clock.advance(graceMs + 1);
      const findReferenced = () => Promise.reject(new Error("no answer"));
      await expect(store.collect({ findReferenced, graceMs })).rejects.toThrow("no answer");
      expect(await store.verify(hash)).toBe("intact");
    });
  });

  describe("what its writer gives up", () => {
    test("is removed at once, and may be written anew", async () => {
      const { store, keep } = setUp();
      const hash = await keep("given up");
      await store.giveUp(hash, nothing);
      expect(await store.verify(hash)).toBe("missing");
      await keep("given up");
      expect(await store.verify(hash)).toBe("intact");
    });

    test("stays while another one who wrote or renewed it may refer to it", async () => {
      const { store, keep } = setUp();
      const hash = await keep("of three");
      await keep("of three");
      await store.renew(hash);
      for (let holders = 3; holders > 1; holders -= 1) {
        await store.giveUp(hash, nothing);
        expect(await store.verify(hash)).toBe("intact");
      }
      await store.giveUp(hash, nothing);
      expect(await store.verify(hash)).toBe("missing");
    });

    test("stays where something refers to it, or comes to hold it while that is asked", async () => {
      const { store, keep } = setUp();
      const hash = await keep("kept");
      await store.giveUp(hash, async () => new Set([hash]));
      expect(await store.verify(hash)).toBe("intact");
      const raced = await keep("raced");
      await store.giveUp(raced, async () => {
        await keep("raced");
        return new Set();
      });
      expect(await store.verify(raced)).toBe("intact");
    });

    test("is for the collection where it was there before", async () => {
      const { clock, store, keep } = setUp();
      const hash = await keep("older");
      // Whoever wrote it then has referred to it, or leaves it to the collection.
      await store.giveUp(hash, async () => new Set([hash]));
      await keep("older");
      await store.giveUp(hash, nothing);
      expect(await store.verify(hash)).toBe("intact");
      clock.advance(graceMs + 1);
      expect(await store.collect({ findReferenced: nothing, graceMs })).toMatchObject({
        removed: 1,
      });
    });
  });
}
