/**
 * Goes through the whole store in the background, again and again at a bounded rate: the chain of the log
 * with its commitments, the pages of the database, the bytes of every blob. What nobody reads for years
 * is found to be damaged while there still is a backup of it.
 */

import type { BlobStore } from "../../blobstore/blob-store.js";
import { isBucketsError } from "../../domain/errors.js";
import { formatTime } from "../../domain/event.js";
import { type HealthCheck, passes, warns } from "../../domain/health.js";
import type { Fault } from "../../domain/reports.js";
import { type StoredEvent, zeroHash } from "../../eventstore/frame.js";
import { storedBytes } from "../../eventstore/slice.js";
import type { EventStore } from "../../eventstore/store.js";
import { ChainCheck } from "../../eventstore/verify.js";
import type { ProjectionKeeper, View } from "../../projections/view.js";
import { monotonicNow } from "../../timers.js";
import { describeScrub, nothingScrubbed, type ScrubNote, type ScrubNotes } from "./notes.js";
import { Pace } from "./pace.js";

export interface ScrubParts {
  readonly events: Pick<EventStore, "head" | "readLog" | "integrity">;
  readonly upkeep: Pick<ProjectionKeeper, "checkPages">;
  readonly view: Pick<View, "references">;
  /** Whose reading of whole contents fails where these are damaged. */
  readonly blobs: Pick<BlobStore, "read">;
  readonly notes: ScrubNotes;
  readonly clock: () => number;
  readonly bytesPerSecond: number;
  /** Between the end of one round and the next; a minute unless given. */
  readonly restMs?: number;
}

const sliceEvents = 100;
const restMsDefault = 60_000;
const noteEveryMs = 10_000;

export class Scrub {
  readonly #parts: ScrubParts;
  readonly #stopping = new AbortController();
  readonly #pace: Pace;
  #note: ScrubNote;
  #notedAt = monotonicNow();
  #bytes = 0;
  #faults = 0;
  #running: Promise<void> | undefined;

  constructor(parts: ScrubParts) {
    this.#parts = parts;
    this.#pace = new Pace(parts.bytesPerSecond, this.#stopping.signal);
    this.#note = parts.notes.read() ?? nothingScrubbed;
  }

  /** What it has done since the store was opened, and in all. */
  get progress() {
    return { bytes: this.#bytes, faults: this.#faults, rounds: this.#note.rounds };
  }

  check(): HealthCheck {
    const { found } = this.#note;
    const told = describeScrub(this.#note);
    return found === null ? passes("scrub", told) : warns("scrub", `${found} (${told})`);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves once it has stopped, and how far it was is noted. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Once through all of it, from where it was. */
  async round(): Promise<void> {
    const found = await this.#goThrough();
    if (this.#isStopping) return;
    await this.#keep({
      rounds: this.#note.rounds + 1,
      finished_at: formatTime(this.#parts.clock()),
      step: "log",
      position: 0,
      found: found ?? null,
    });
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      try {
        await this.round();
      } catch (error) {
        // A store that cannot be read now is told by the checks of its parts, and tried again.
        this.#note = { ...this.#note, found: `it could not be gone through: ${textOf(error)}` };
      }
      await this.#pace.rest(this.#parts.restMs ?? restMsDefault);
    }
    await this.#keep(this.#note);
  }

  /** @returns the last thing that is not as it was written. */
  async #goThrough(): Promise<string | undefined> {
    const ofLog = await this.#log();
    await this.#keep({ ...this.#note, step: "pages" });
    const ofPages = await this.#pages();
    await this.#keep({ ...this.#note, step: "blobs" });
    return (await this.#blobs()) ?? ofPages ?? ofLog;
  }

  async #log(): Promise<string | undefined> {
    const { events } = this.#parts;
    const head = await events.head();
    const known = Math.min(this.#note.position, head.position);
    const [before] = known === 0 ? [] : await this.#readLog(known - 1, 1);
    const chain = new ChainCheck(before ?? { position: 0, hash: zeroHash, recordedAt: 0 });
    while (chain.position < head.position && !this.#isStopping) {
      const limit = Math.min(sliceEvents, head.position - chain.position);
      const rows = await this.#readLog(chain.position, limit);
      const fault = firstFault(chain, rows);
      if (fault !== undefined) events.integrity.report(fault);
      if (fault !== undefined || rows.length === 0) break;
      await this.#read(rows.reduce((sum, row) => sum + storedBytes(row), 0));
      await this.#keepWhenDue({ ...this.#note, position: chain.position });
    }
    const end = this.#isStopping ? undefined : chain.end(head);
    if (end !== undefined) events.integrity.report(end);
    const { fault } = events.integrity;
    if (fault === undefined) return undefined;
    return this.#found(`the log was altered at position ${fault.position}: ${fault.problem}`);
  }

  /** None where what is read was altered, which is known then. */
  async #readLog(after: number, limit: number): Promise<readonly StoredEvent[]> {
    try {
      return await this.#parts.events.readLog(after, limit);
    } catch (error) {
      if (isBucketsError(error) && error.code === "TAMPERED") return [];
      throw error;
    }
  }

  async #pages(): Promise<string | undefined> {
    if (this.#isStopping) return undefined;
    const { bytes, problem } = await this.#parts.upkeep.checkPages();
    await this.#read(bytes);
    return problem === undefined ? undefined : this.#found(problem);
  }

  async #blobs(): Promise<string | undefined> {
    let found: string | undefined;
    for await (const { hash } of this.#parts.view.references()) {
      if (this.#isStopping) return found;
      const problem = await this.#problemOf(hash);
      if (problem !== undefined) found = this.#found(`the bytes ${hash} ${problem}`);
    }
    return found;
  }

  async #problemOf(hash: string): Promise<string | undefined> {
    const content = await this.#parts.blobs.read(hash);
    if (content === undefined) return "are missing: restore them from a backup";
    try {
      for await (const chunk of content.stream) {
        await this.#read(chunk.length);
        if (this.#isStopping) return undefined;
      }
      return undefined;
    } catch (error) {
      return `cannot be read: ${textOf(error)}`;
    }
  }

  #found(problem: string): string {
    this.#faults += 1;
    this.#note = { ...this.#note, found: problem };
    return problem;
  }

  async #read(bytes: number): Promise<void> {
    this.#bytes += bytes;
    await this.#pace.take(bytes);
  }

  async #keepWhenDue(note: ScrubNote): Promise<void> {
    this.#note = note;
    if (monotonicNow() - this.#notedAt >= noteEveryMs) await this.#keep(note);
  }

  /** Where it cannot be noted, a restart goes through some of it again. */
  async #keep(note: ScrubNote): Promise<void> {
    this.#note = note;
    this.#notedAt = monotonicNow();
    await this.#parts.notes.write(note).catch(() => {});
  }
}

function firstFault(chain: ChainCheck, rows: readonly StoredEvent[]): Fault | undefined {
  for (const row of rows) {
    const fault = chain.next(row);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
