/** When a command is decided, and by whom. */
export interface Moment {
  /** Milliseconds since the epoch: the time that the event will carry. */
  readonly now: number;
  readonly actor: string;
}
