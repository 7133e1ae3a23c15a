/**
 * Makes a store of an exported log: the same positions, hashes and rows of the view. Every line is
 * checked before it is written; the file gets its name last, and never takes the place of another.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import type { ImportLogOptions, ImportLogReport } from "../api/log-files.js";
import { BucketsError, isBucketsError, withDetails } from "../domain/errors.js";
import type { OnProgress } from "../domain/reports.js";
import { makeFile, syncFolderOf } from "../durable-file.js";
import { SqliteEngine } from "../engines/sqlite/engine.js";
import { FoldedView } from "../engines/sqlite/folded-view.js";
import { takeOwnership } from "../engines/sqlite/owner.js";
import { settledPath } from "../engines/sqlite/store-path.js";
import { SqliteView } from "../engines/sqlite/view.js";
import { toHex } from "../eventstore/codec.js";
import type { StoredEvent } from "../eventstore/frame.js";
import type { IdempotencyRow } from "../eventstore/store.js";
import { GrowingTree, leafHash } from "../eventstore/tree.js";
import { ChainCheck } from "../eventstore/verify.js";
import { holdTimers } from "../held-timers.js";
import { foldInto } from "../projections/verify.js";
import { type Checkpoint, openCheckpoint, readCheckpoint } from "../proofs/checkpoint.js";
import { type NoteVerifier, parseVerifier } from "../proofs/note.js";
import { bringBlobs, contentsOf } from "./copy-store.js";
import { openCopy } from "./engine.js";
import { decodeHeader, decodeLine, type ExportHeader, type ExportLine } from "./log-lines.js";
import { assertFree, removeDatabase } from "./new-database.js";
import { type NumberedLine, readLines } from "./read-lines.js";

/** How many events are folded in one transaction. */
const sliceEvents = 256;

/** @throws as `importLog` of the library does. */
export async function importLog(
  from: string,
  named: string,
  { keys = [], upTo, blobs, resumeTimers = false, onProgress = () => {} }: ImportLogOptions = {},
): Promise<ImportLogReport> {
  const known = keys.map(parseVerifier);
  const file = settledPath(named);
  assertFree(file, "an import");
  const owner = takeOwnership(file, `import_${process.pid}`, Date.now());
  const partial = `${file}.importing`;
  removeDatabase(partial);
  const hadBlobs = existsSync(`${file}.blobs`);
  let isMade = false;
  try {
    const importing = { known, upTo, onProgress };
    const { report, note } = await importInto(partial, readLines(from), importing);
    const copied =
      blobs === undefined
        ? undefined
        : await bringBlobs(blobs, file, await contentsIn(partial), () => {});
    assertFree(file, "an import");
    // What was signed of a later moment is not in an earlier one: that signs nothing under this name.
    if (note !== undefined) makeFile(`${file}.sign.state`, note);
    if (!resumeTimers) holdTimers(file);
    renameSync(partial, file);
    syncFolderOf(file);
    isMade = true;
    return { file, ...report, ...(copied && { blobs: copied }), is_trusted: known.length > 0 };
  } finally {
    if (!isMade && !hadBlobs) rmSync(`${file}.blobs`, { recursive: true, force: true });
    removeDatabase(partial);
    owner.release();
  }
}

async function contentsIn(partial: string): Promise<readonly string[]> {
  const engine = openCopy(partial);
  try {
    return await contentsOf(engine);
  } finally {
    await engine.close();
  }
}

interface Importing {
  readonly known: readonly NoteVerifier[];
  readonly upTo: number | undefined;
  readonly onProgress: OnProgress;
}

interface Imported {
  readonly report: Omit<ImportLogReport, "file" | "is_trusted" | "blobs">;
  /** The checkpoint, when it is of events that were left out. */
  readonly note: string | undefined;
}

async function importInto(
  partial: string,
  lines: AsyncIterable<NumberedLine>,
  { known, upTo, onProgress }: Importing,
): Promise<Imported> {
  let log: ImportedLog | undefined;
  try {
    for await (const { number, text } of lines) {
      try {
        if (log === undefined) log = new ImportedLog(partial, decodeHeader(text), known, upTo);
        else log.next(decodeLine(text));
      } catch (error) {
        throw refusalAt(number, log, error);
      }
      if (number % sliceEvents === 0) onProgress(log.progress);
    }
    if (log === undefined) throw cutOff("it is empty");
    return await log.end();
  } catch (error) {
    throw placed(error, log);
  } finally {
    await log?.close();
  }
}

/** The log of a file as far as it was read. */
class ImportedLog {
  readonly #header: ExportHeader;
  readonly #known: readonly NoteVerifier[];
  readonly #engine: SqliteEngine;
  readonly #chain = new ChainCheck();
  readonly #tree = new GrowingTree();
  #view: FoldedView | undefined;
  #rows: StoredEvent[] = [];
  #keys: IdempotencyRow[] = [];
  #keyCount = 0;
  #unreadable = 0;
  #checkpoint: { readonly note: string; readonly checkpoint: Checkpoint } | undefined;
  #recordedAt = 0;
  /** The last event that is written, and what the log is there. */
  readonly #last: number;
  #end: { readonly hash: string; readonly root: Uint8Array };

  constructor(
    file: string,
    header: ExportHeader,
    known: readonly NoteVerifier[],
    upTo: number = header.last,
  ) {
    this.#header = header;
    this.#known = known;
    if (upTo > header.last) throw beyond(upTo, header.last);
    this.#last = upTo;
    this.#end = { hash: this.#chain.hash, root: this.#tree.root() };
    this.#engine = new SqliteEngine({
      file,
      readOnly: false,
      durability: "full",
      clock: Date.now,
      newId: (prefix) => (prefix === "log" ? header.log_id : `${prefix}_import`),
      projection: (db) => new SqliteView(db),
    });
  }

  get position(): number {
    return this.#chain.position;
  }

  get progress() {
    return { done: this.#chain.position, total: this.#header.last };
  }

  next(line: ExportLine): void {
    if (this.#checkpoint !== undefined)
      throw misfit("stands behind the checkpoint, which is the last");
    switch (line.kind) {
      case "row":
        this.#nextRow(line.row);
        return;
      case "key":
        if (line.key.position !== this.#chain.position) {
          throw misfit("does not stand behind the event that it names");
        }
        if (line.key.position > this.#last) return;
        this.#keys.push(line.key.answered);
        this.#keyCount += 1;
        return;
      case "checkpoint":
        this.#checkpoint = { note: line.note, checkpoint: this.#open(line.note) };
    }
  }

  #nextRow(row: StoredEvent): void {
    if (row.position > this.#header.last) {
      throw misfit(`is beyond position ${this.#header.last}, which is the last by the header`);
    }
    const fault = this.#chain.next(row);
    if (fault !== undefined) throw misfit(`does not hold: ${fault.problem}`);
    // The keys of the row before are complete now.
    if (this.#rows.length >= sliceEvents) this.#write();
    this.#tree.add(leafHash(row.hash));
    // What is left out is checked all the same: the checkpoint is of all.
    if (row.position > this.#last) return;
    this.#rows.push(row);
    this.#recordedAt = row.recordedAt;
    if (row.position === this.#last) {
      this.#end = { hash: this.#chain.hash, root: this.#tree.root() };
    }
  }

  #write(): void {
    const [rows, keys, last] = [this.#rows, this.#keys, this.#rows.at(-1)];
    if (last === undefined) return;
    this.#unreadable += this.#engine.exclusive(({ db, log }) => {
      for (const row of rows) log.append(row);
      for (const key of keys) log.putIdempotency(key);
      log.setHead(last);
      this.#view ??= new FoldedView(db);
      const unreadable = foldInto(this.#view, rows).length;
      this.#view.settle();
      return unreadable + this.#view.faults.splice(0).length;
    });
    this.#rows = [];
    this.#keys = [];
  }

  /** @throws PROOF_INVALID when the note is not of the rows before it. */
  #open(note: string): Checkpoint {
    const checkpoint =
      this.#known.length === 0 ? readCheckpoint(note) : openCheckpoint(note, this.#known);
    const { origin, size, root } = checkpoint;
    if (origin !== this.#header.origin) {
      throw misfit(`is of "${origin}", and the file is of "${this.#header.origin}"`);
    }
    const { position } = this.#chain;
    if (position !== this.#header.last || size !== position) {
      throw misfit(
        `is of ${size} events; the header says ${this.#header.last}, and ${position} are there`,
      );
    }
    if (toHex(root) !== toHex(this.#tree.root())) throw misfit("has another root than the events");
    return checkpoint;
  }

  async end(): Promise<Imported> {
    if (this.#checkpoint === undefined)
      throw cutOff("its last line, with the checkpoint, is missing");
    this.#write();
    const { note, checkpoint } = this.#checkpoint;
    const { origin, size, root } = checkpoint;
    const isWhole = this.#last === size;
    const { tree } = this.#engine;
    await tree.extend(this.#last);
    await tree.takeOrigin(origin);
    if (isWhole) await tree.keepCheckpoint({ size, root, signedAt: this.#recordedAt, note });
    const report = {
      log_id: this.#header.log_id,
      origin,
      position: this.#last,
      hash: this.#end.hash,
      root: toHex(this.#end.root),
      idempotency_keys: this.#keyCount,
      unreadable: this.#unreadable,
    };
    return { report, note: isWhole ? undefined : note };
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

/** What is wrong with a line, told behind its number. */
class Misfit extends Error {}

function misfit(problem: string): Misfit {
  return new Misfit(problem);
}

/** What is not about the line, such as a full disk, is thrown as it is. */
function refusalAt(line: number, log: ImportedLog | undefined, error: unknown): unknown {
  const isOfLine =
    error instanceof Misfit || (isBucketsError(error) && error.code === "PROOF_INVALID");
  if (!isOfLine) return error;
  const position = (log?.position ?? 0) + 1;
  const problem = error instanceof Misfit ? error.message : `does not hold: ${error.message}`;
  return new BucketsError(
    "PROOF_INVALID",
    `Line ${line}, at position ${position}, ${problem.replace(/[.]$/, "")}. Nothing was imported.`,
    { line, position },
    error,
  );
}

/** A line that could not be read at all would have been of the next event. */
function placed(error: unknown, log: ImportedLog | undefined): unknown {
  if (!isBucketsError(error) || log === undefined) return error;
  const { line, position } = error.details;
  if (line === undefined || position !== undefined) return error;
  return withDetails(error, { position: log.position + 1 });
}

function beyond(position: number, last: number): BucketsError {
  return new BucketsError(
    "NOT_FOUND",
    `The log has positions 1 to ${last}, and none at @${position}. Nothing was imported.`,
    { head: last },
  );
}

function cutOff(why: string): BucketsError {
  return new BucketsError("PROOF_INVALID", `The file was cut off: ${why}. Nothing was imported.`);
}
