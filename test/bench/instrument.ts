/** What an instrument is: it looks at one build and brings a table, without floors or rounds. */
import type { Setup } from "./setup.js";

interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** What was seen beside it, one sentence each. */
  readonly notes: readonly string[];
}

export interface Instrument {
  readonly name: string;
  readonly title: string;
  readonly look: (setup: Setup, dist: string) => Promise<Table>;
}
