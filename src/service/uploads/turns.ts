/** Which of the transfers to one place began last: what is older must not overwrite what is newer. */
interface Place {
  running: number;
  /** The turn of the newest transfer that came to its end. */
  ended: number;
}

/** Of one process, because one process holds the store. */
export class Turns {
  #last = 0;
  readonly #places = new Map<string, Place>();

  /**
   * @param end is given what arrived, and whether a transfer that began later came to its end before.
   */
  async take<Arrived, Ended>(
    name: string,
    transfer: () => Promise<Arrived>,
    end: (arrived: Arrived, isOvertaken: boolean) => Promise<Ended>,
  ): Promise<Ended> {
    this.#last += 1;
    const turn = this.#last;
    const place = this.#places.get(name) ?? { running: 0, ended: 0 };
    place.running += 1;
    this.#places.set(name, place);
    try {
      const arrived = await transfer();
      const isOvertaken = place.ended > turn;
      if (!isOvertaken) place.ended = turn;
      return await end(arrived, isOvertaken);
    } finally {
      place.running -= 1;
      if (place.running === 0) this.#places.delete(name);
    }
  }
}
