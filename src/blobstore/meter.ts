/** Measures bytes on their way: their hash, their size, and whether the size is allowed. */
import { createHash } from "node:crypto";
import { BucketsError } from "../domain/errors.js";
import type { BlobLimits, BlobWritten } from "./blob-store.js";

export class Meter {
  readonly #limits: BlobLimits;
  readonly #digest = createHash("sha256");
  #sizeBytes = 0;

  constructor(limits: BlobLimits = {}) {
    this.#limits = limits;
  }

  /**
   * The same bytes, chunk by chunk; ends at the first that is too many.
   *
   * @throws PAYLOAD_TOO_LARGE, BAD_REQUEST for another size than the expected.
   */
  async *pass(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of source) {
      this.#sizeBytes += chunk.byteLength;
      this.#assertNotOver();
      this.#digest.update(chunk);
      yield chunk;
    }
    const { expectedBytes } = this.#limits;
    if (expectedBytes !== undefined && this.#sizeBytes < expectedBytes) {
      throw new BucketsError(
        "BAD_REQUEST",
        `The content ended after ${this.#sizeBytes} of ${expectedBytes} bytes: send all of it.`,
        { expected_bytes: expectedBytes, actual_bytes: this.#sizeBytes },
      );
    }
  }

  #assertNotOver(): void {
    const { maxBytes, expectedBytes } = this.#limits;
    if (maxBytes !== undefined && this.#sizeBytes > maxBytes) {
      throw new BucketsError("PAYLOAD_TOO_LARGE", `The content is larger than ${maxBytes} bytes.`, {
        limit_bytes: maxBytes,
      });
    }
    if (expectedBytes !== undefined && this.#sizeBytes > expectedBytes) {
      throw new BucketsError(
        "BAD_REQUEST",
        `The content is larger than the ${expectedBytes} bytes that it was to have.`,
        { expected_bytes: expectedBytes },
      );
    }
  }

  /** What went through; to be asked once, at the end. */
  result(): BlobWritten {
    return { hash: this.#digest.digest("hex"), sizeBytes: this.#sizeBytes };
  }
}

/** The hash of all that the source gives. */
export async function hashOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of source) digest.update(chunk);
  return digest.digest("hex");
}
