/** How long a part may go on; one that was ended by it has tried less than it was to. */
export class TimeLimit {
  readonly #until: number;
  #hasEnded = false;

  constructor(minutes: number) {
    this.#until = performance.now() + minutes * 60_000;
  }

  /** Whether a part was told that its time is over. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  readonly isOver = (): boolean => {
    this.#hasEnded ||= performance.now() > this.#until;
    return this.#hasEnded;
  };
}
