/**
 * A process of its own that holds a blob store: `process.ts FOLDER WORK [MIB]`. It does one piece of
 * work and prints one line of JSON about it. Run with `--expose-gc`, so that memory that could be
 * given back does not count as used.
 */
import { writeSync } from "node:fs";
import { Readable } from "node:stream";
import { FileBlobStore } from "../../src/blobstore/file/blob-store.js";
import { isBucketsError } from "../../src/domain/errors.js";

const [, , folder = "", work = "", mebibytes = "0"] = process.argv;
const mebibyte = 1024 * 1024;
const store = new FileBlobStore(folder, Date.now);
const answer = (value: unknown) => writeSync(1, `${JSON.stringify(value)}\n`);

/** The most memory that the process held, bytes. */
class Peak {
  #bytes = 0;

  measure(): void {
    globalThis.gc?.();
    this.#bytes = Math.max(this.#bytes, process.memoryUsage().rss);
  }

  get bytes(): number {
    this.measure();
    return this.#bytes;
  }
}

/** The same bytes in 64 KiB chunks, measured at each MiB. */
async function* content(count: number, peak = new Peak()): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(mebibyte / 16, "bytes");
  for (let n = 0; n < count * 16; n += 1) {
    if (n % 16 === 0) peak.measure();
    yield chunk;
  }
}

async function drain(hash: string, peak: Peak): Promise<number> {
  const read = await store.read(hash);
  let bytes = 0;
  for await (const chunk of read?.stream ?? []) {
    if (Math.floor(bytes / mebibyte) < Math.floor((bytes + chunk.length) / mebibyte)) {
      peak.measure();
    }
    bytes += chunk.length;
  }
  return bytes;
}

const works: Record<string, () => Promise<unknown>> = {
  /** Says when some bytes are on the disk, and then waits for its end. */
  half: async () => {
    async function* half() {
      yield* content(1);
      answer("written");
      await new Promise(() => setInterval(() => {}, 1_000));
    }
    return await store.write(half());
  },
  /** What a write says on a disk that takes no more, and one after it that needs less. */
  full: async () => {
    const refused = await store.write(content(4)).catch((error: unknown) => error);
    const { sizeBytes } = await store.write(Readable.from([Buffer.from("small")]));
    return { refused: isBucketsError(refused) ? refused.code : String(refused), sizeBytes };
  },
  /** How much more memory a large content takes than a small one, bytes. */
  flat: async () => {
    const count = Number(mebibytes);
    const small = new Peak();
    await drain((await store.write(content(4, small))).hash, small);
    const large = new Peak();
    const written = await store.write(content(count, large));
    const read = await drain(written.hash, large);
    return { grown: large.bytes - small.bytes, written: written.sizeBytes, read };
  },
};

answer(await works[work]?.());
