/**
 * Keeps the history from living in the WAL alone: it is copied into the database when nothing is
 * written for a while, and now and then while something is; and the end of the log is noted beside the
 * database once it is on the disk.
 */
import type Database from "better-sqlite3";
import { type Durability, fails, type HealthCheck, passes, warns } from "../../domain/health.js";
import type { Head } from "../../eventstore/store.js";
import { monotonicNow } from "../../timers.js";
import { copyWal, emptyWal } from "./connection.js";
import { keepKnownHead, keepKnownHeadSync, LastCommit } from "./known-head.js";

const idleMs = 5_000;
const copyEveryMs = 60_000;
/** A backup or a verification reads one state for a while: only what lasts longer is told. */
const waitsMs = 30_000;

interface Kept {
  readonly file: string;
  readonly durability: Durability;
  readonly logId: string;
  /** Milliseconds that never run backwards; for tests. */
  readonly now?: () => number;
}

export class WalKeeper {
  readonly #kept: Kept;
  readonly #now: () => number;
  readonly #last: LastCommit;
  #wroteAt: number | undefined;
  #copiedAt: number;
  /** The newest one that was committed, and those that were copied and noted. */
  #head: Head | undefined;
  #copied: Head | undefined;
  #noted: Head | undefined;
  #noting: Promise<void> | undefined;
  #fault: string | undefined;
  /** Since when a reader has kept a part of the WAL from being copied. */
  #waitsSince: number | undefined;

  constructor(kept: Kept) {
    this.#kept = kept;
    this.#now = kept.now ?? monotonicNow;
    this.#copiedAt = this.#now();
    this.#last = new LastCommit(kept);
    // A power cut may take back what is committed with less than full durability.
    if (kept.durability !== "full") this.#last.forget();
  }

  /** The newest head that was committed. */
  get head(): Head | undefined {
    return this.#head;
  }

  /** Something was committed. @param head where the log ends by it, when that moved. */
  committed(head?: Head): void {
    this.#wroteAt = this.#now();
    if (head === undefined) return;
    this.#head = head;
    if (this.#kept.durability === "full") this.#last.keep(head);
  }

  /** Does what is due; asked every second, while the files of the store are in their places. */
  keepUp(db: Database.Database): void {
    try {
      if (this.#isDue()) this.#copy(db);
      this.#note();
      if (this.#noting === undefined) this.#fault = undefined;
    } catch (error) {
      this.#tell(error);
    }
  }

  /** Resolves once what is being noted is. */
  async noted(): Promise<void> {
    await this.#noting;
  }

  /** Everything, before the store closes. */
  async settle(db: Database.Database): Promise<void> {
    await this.noted();
    if (emptyWal(db)) this.#hasCopied();
    this.#last.forget();
    const head = this.#durable();
    if (head !== undefined && head !== this.#noted) keepKnownHeadSync(this.#kept, head);
  }

  check(): HealthCheck {
    if (this.#fault !== undefined) return fails("checkpoint", this.#fault);
    if (this.#wroteAt === undefined) return passes("checkpoint", "all is in the database");
    const now = this.#now();
    const seconds = Math.round((now - this.#copiedAt) / 1_000);
    if (this.#waitsSince !== undefined && now - this.#waitsSince >= waitsMs) {
      const why = "somebody reads an old state of it, and the WAL grows meanwhile";
      return warns("checkpoint", `the WAL was last copied ${seconds} s ago: ${why}`);
    }
    return passes("checkpoint", `the WAL was copied into the database ${seconds} s ago`);
  }

  #isDue(): boolean {
    if (this.#wroteAt === undefined) return false;
    const now = this.#now();
    return now - this.#wroteAt >= idleMs || now - this.#copiedAt >= copyEveryMs;
  }

  /** A reader may keep a part of it waiting: then it is tried again. */
  #copy(db: Database.Database): void {
    if (copyWal(db)) this.#hasCopied();
    else this.#waitsSince ??= this.#now();
  }

  #hasCopied(): void {
    this.#wroteAt = undefined;
    this.#waitsSince = undefined;
    this.#copiedAt = this.#now();
    this.#copied = this.#head;
  }

  /** What survives a power cut: with relaxed durability, only what was copied. */
  #durable(): Head | undefined {
    return this.#kept.durability === "full" ? this.#head : this.#copied;
  }

  #note(): void {
    const head = this.#durable();
    if (head === undefined || head === this.#noted || this.#noting !== undefined) return;
    this.#noting = keepKnownHead(this.#kept, head)
      .then(() => {
        this.#noted = head;
        this.#fault = undefined;
      })
      .catch((error: unknown) => this.#tell(error))
      .finally(() => {
        this.#noting = undefined;
      });
  }

  #tell(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#fault = `the history is in the WAL alone, which cannot be copied or noted: ${why}`;
  }
}
