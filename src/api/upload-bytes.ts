/** Bytes that are sent or kept, part by part, and how far that has come. */
import type { ReceiveOptions, UploadBytes } from "./uploads.js";

/** @param onProgress is told of each part once the next one is asked for. */
export async function* partsOf(
  bytes: UploadBytes,
  onProgress: ReceiveOptions["onProgress"],
): AsyncGenerator<Uint8Array, void> {
  let taken = 0;
  for await (const part of bytes instanceof Blob ? bytes.stream() : bytes) {
    yield part;
    taken += part.length;
    onProgress?.(taken);
  }
}
