/** The port through which an engine tells what is to be done by itself. */

/** A resource about which something is to be done by itself. */
export interface Timer {
  readonly stream: string;
  /** RFC 3339. */
  readonly dueAt: string;
}

export interface TimerTable {
  /** What is to be done, or is overdue, in all namespaces: the first due first. */
  first(limit: number): Promise<readonly Timer[]>;
}
