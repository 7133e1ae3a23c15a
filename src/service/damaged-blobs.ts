/** Contents that were found not to be what their name says, whoever read them. */
import { type HealthCheck, warns } from "../domain/health.js";

export class DamagedBlobs {
  #count = 0;
  #last: string | undefined;

  get count(): number {
    return this.#count;
  }

  note(hash: string): void {
    this.#count += 1;
    this.#last = hash;
  }

  /** The check of the blobs, unless it has nothing worse to tell. */
  over(check: HealthCheck): HealthCheck {
    if (this.#last === undefined || check.status !== "pass") return check;
    return warns(
      "blobs",
      `damaged bytes were met ${this.#count} times, the last time ${this.#last}: see verify --content, and restore them from a backup`,
    );
  }
}
