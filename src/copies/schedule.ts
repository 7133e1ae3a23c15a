/**
 * Takes backups while a server runs, each in a folder named by its time below one folder, and removes
 * those that need not be kept. Blobs that the one before has are linked, not copied.
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BackupReport, EmbeddedStore } from "../api/index.js";
import { BucketsError, isBucketsError } from "../domain/errors.js";
import { formatTime } from "../domain/event.js";
import { type HealthCheck, passes, warns } from "../domain/health.js";
import { clearTimeout, setTimeout } from "../timers.js";
import { removeBackup } from "./backup-folders.js";
import { type Keep, outlived } from "./keeping.js";
import { removeAbandoned } from "./partials.js";
import { readManifest } from "./read-manifest.js";

export interface ScheduleOptions {
  readonly store: Pick<EmbeddedStore, "backup">;
  readonly folder: string;
  readonly everyMs: number;
  readonly keep: Keep;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly onTaken: (report: BackupReport) => void;
  readonly onFailed: (error: unknown) => void;
}

/** After one that failed. */
const retryMs = 60_000;
/** Timers take no more. */
const waitMsMax = 24 * 60 * 60 * 1_000;
/** How many intervals a backup may be late. */
const lateIntervals = 2;

/** As `2026-10-01T12-00-00.000Z`: a file system may not take a colon. */
const nameOf = (time: number): string => formatTime(time).replaceAll(":", "-");
const namePattern = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3}Z)$/;

export class BackupSchedule {
  readonly #options: ScheduleOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;
  #newest: number | undefined;
  #failure: string | undefined;

  /** @throws BAD_REQUEST when there is no place for the folder. */
  constructor(options: ScheduleOptions) {
    this.#options = options;
    if (!existsSync(dirname(options.folder))) {
      const message = `There is no folder for ${options.folder}: make it first.`;
      throw new BucketsError("BAD_REQUEST", message);
    }
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#newest = newestBackup(options.folder);
  }

  /** The first at once, if there is none or it is time. */
  start(): void {
    const { clock, everyMs } = this.#options;
    const due = this.#newest === undefined ? 0 : this.#newest + everyMs;
    const wait = Math.max(due - clock(), this.#failure === undefined ? 0 : retryMs);
    this.#timer = setTimeout(
      () => {
        this.#running = this.takeIfDue().then(() => {
          if (!this.#isStopped) this.start();
        });
      },
      Math.min(wait, waitMsMax),
    );
    this.#timer.unref();
  }

  /** Resolves once none is taken any more. One that is under way ends with the store. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Never throws: what fails is told, and shown by `check`. */
  async takeIfDue(): Promise<void> {
    const { store, folder, everyMs, clock, onTaken, onFailed } = this.#options;
    const now = clock();
    if (this.#newest !== undefined && now < this.#newest + everyMs) return;
    try {
      const since = this.#newest === undefined ? undefined : join(folder, nameOf(this.#newest));
      const report = await store.backup(join(folder, nameOf(now)), { since });
      this.#newest = now;
      this.#failure = undefined;
      onTaken(report);
      this.#removeOutlived();
    } catch (error) {
      this.#failure = isBucketsError(error) ? error.message : String(error);
      onFailed(error);
    }
  }

  #removeOutlived(): void {
    const { folder, keep, clock } = this.#options;
    const times = backupsIn(folder);
    for (const time of outlived(times, keep)) removeBackup(join(folder, nameOf(time)));
    removeAbandoned(folder, clock(), (name) => namePattern.test(name));
  }

  /** When the newest was taken, milliseconds; undefined before the first. */
  get newest(): number | undefined {
    return this.#newest;
  }

  /** A backup that is late or fails is to be looked at, and no reason to take no requests. */
  check(): HealthCheck {
    if (this.#failure !== undefined)
      return warns("backup", `the last one failed: ${this.#failure}`);
    return checkAge(this.#newest, this.#options.clock(), this.#options.everyMs);
  }
}

/** What is to be said of the age of a backup; late is what is older than two intervals. */
export function checkAge(newest: number | undefined, now: number, everyMs: number): HealthCheck {
  if (newest === undefined) return warns("backup", "none was taken yet");
  const minutes = Math.floor((now - newest) / 60_000);
  const says = `the newest is of ${formatTime(newest)}, ${minutes} minutes old`;
  return now - newest > lateIntervals * everyMs
    ? warns("backup", `${says}: look why none was taken since`)
    : passes("backup", says);
}

/** When the newest backup below a folder was taken, of those that a schedule takes. */
export function newestBackup(folder: string): number | undefined {
  return backupsIn(folder).at(-1);
}

/** By when they were taken, the oldest first. */
function backupsIn(folder: string): readonly number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => namePattern.test(name) && isBackup(join(folder, name)))
    .map((name) => Date.parse(name.replace(namePattern, "$1:$2:$3")))
    .sort((a, b) => a - b);
}

function isBackup(folder: string): boolean {
  try {
    readManifest(folder, undefined);
    return true;
  } catch (error) {
    if (isBucketsError(error)) return false;
    throw error;
  }
}
