/** How often bytes came for each signed URL, for as long as it holds: it is not there for the disk to be written on. */
import { BucketsError } from "../../domain/errors.js";
import { limits } from "../../domain/limits.js";

interface Attempted {
  readonly count: number;
  /** Milliseconds: the URL holds until then. */
  readonly expiresAt: number;
}

/** Of one process, because one process holds the store. */
export class Attempts {
  readonly #ofUploads = new Map<string, Attempted>();

  /** @throws CONFLICT for one too many. */
  note(uploadId: string, expiresAt: number): void {
    const count = (this.#ofUploads.get(uploadId)?.count ?? 0) + 1;
    if (count > limits.uploadAttemptsMax) throw worn(uploadId);
    this.#ofUploads.set(uploadId, { count, expiresAt });
  }

  /** Of URLs that are over nothing needs to be known. */
  forgetExpired(now: number): void {
    for (const [uploadId, { expiresAt }] of this.#ofUploads) {
      if (expiresAt <= now) this.#ofUploads.delete(uploadId);
    }
  }
}

function worn(uploadId: string): BucketsError {
  return new BucketsError(
    "CONFLICT",
    `Bytes were sent to the URL ${limits.uploadAttemptsMax} times, and it takes no more: make another upload.`,
    { upload_id: uploadId },
  );
}
