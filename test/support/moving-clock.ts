/** A file of a store that an operator moves away in the middle of a commit: it is kept, and nobody is told so. */
import { renameSync } from "node:fs";
import Database from "better-sqlite3";
import { FixedClock } from "./clock.js";

/** The clock of the store, which looks at it while it writes. */
export class MovingClock extends FixedClock {
  readonly #file: string;
  #isDue = false;

  constructor(file: string) {
    super();
    this.#file = file;
  }

  override readonly read = (): number => {
    if (this.#isDue && isBeingWritten(this.#file)) {
      this.#isDue = false;
      renameSync(this.#file, `${this.#file}.away`);
    }
    return this.now;
  };

  /** Moves the file away in the middle of the next commit. */
  moveAway(): void {
    this.#isDue = true;
  }

  putBack(): void {
    renameSync(`${this.#file}.away`, this.#file);
  }
}

function isBeingWritten(file: string): boolean {
  const other = new Database(file, { timeout: 0 });
  try {
    other.exec("BEGIN IMMEDIATE; ROLLBACK");
    return false;
  } catch {
    return true;
  } finally {
    other.close();
  }
}
