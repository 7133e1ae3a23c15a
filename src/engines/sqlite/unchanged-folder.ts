/**
 * Whether what was found in a folder is still so, by the time of its last change alone. Names may
 * change twice within one tick of the clock that file systems stamp by, and the second change shows
 * in no stamp: a stamp is trusted once somebody has looked after its tick was over.
 */

/** Linux stamps by ticks of 1 to 10 ms. */
const tickMsMax = 20;

export class UnchangedFolder {
  #stamp: string | undefined;
  #seenAt = 0;
  #isSettled = false;

  /** Whether all is as the last look found it. @param stamp of now; undefined when there is none. */
  isSince(stamp: string | undefined): boolean {
    return this.#isSettled && stamp !== undefined && stamp === this.#stamp;
  }

  /**
   * All was looked at, and is in order.
   * @param stamp read before.
   * @param now when the look began, after the stamp was read; milliseconds that never run backwards.
   */
  looked(stamp: string | undefined, now: number): void {
    if (stamp === this.#stamp) {
      this.#isSettled = now - this.#seenAt >= tickMsMax;
    } else {
      this.#stamp = stamp;
      this.#seenAt = now;
      this.#isSettled = false;
    }
  }
}
