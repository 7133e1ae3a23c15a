/** When a command is decided, and by whom. */
export interface Moment {
  /**
   * Milliseconds since the epoch, by the clock: what lapses is decided by it. The event carries it as well,
   * unless the clock is behind the event before.
   */
  readonly now: number;
  readonly actor: string;
}
