/**
 * Whether a file keeps what its service said, judged from the bytes of the file and the journal of the
 * clients alone. It shares no code with the store: what both had wrong, neither would find.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import type { Ended } from "./journal.js";

const bytes = z.instanceof(Buffer);
const Row = z.object({
  position: z.number(),
  stream: z.string(),
  version: z.number(),
  namespace: z.string(),
  bucket_id: z.string(),
  event_id: z.string(),
  transaction_id: z.string().nullable(),
  type: z.string(),
  schema_version: z.number(),
  recorded_at: z.number(),
  meta: z.string(),
  meta_salt: bytes,
  meta_commitment: bytes,
  body: z.string(),
  salt: bytes,
  commitment: bytes,
  hash: bytes,
});
type Row = z.infer<typeof Row>;

const Meta = z.object({ request_id: z.string(), actor: z.string() });
const Blobs = z.array(z.object({ details: z.object({ hash: z.string() }).partial() }).partial());

export interface Verdict {
  /** What does not hold, one line each; the first of many. */
  readonly faults: readonly string[];
  /** Acknowledged writes that are not in the log. */
  readonly lost: number;
  readonly events: number;
}

interface Question {
  readonly file: string;
  readonly attempts: readonly Ended[];
  /** What was acknowledged later may be missing: it had not happened when this was the disk. */
  readonly until?: bigint;
}

const faultsMax = 20;

export function check({ file, attempts, until }: Question): Verdict {
  const faults: string[] = [];
  const fault = (text: string) => {
    if (faults.length < faultsMax) faults.push(text);
  };
  const rows = existsSync(file) ? readRows(file, fault) : [];
  if (rows.length > 0) checkGuards(file, fault);
  checkChain(rows, fault);
  const byRequest = Map.groupBy(rows, ({ meta }) => Meta.parse(JSON.parse(meta)).request_id);
  const known = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  for (const [request, events] of byRequest) checkOrigin(request, events, known, fault);
  let lost = 0;
  for (const attempt of attempts) {
    const isDue = until === undefined || attempt.ended < until;
    if (!isDue || attempt.outcome !== "acknowledged") continue;
    const events = byRequest.get(attempt.id) ?? [];
    if (isMissing(attempt, events)) {
      lost += 1;
      fault(`${attempt.id}: this ${attempt.deed} was acknowledged and is not in the log`);
    }
    for (const hash of attempt.blobs ?? []) checkBlob(file, hash, attempt.id, fault);
  }
  for (const hash of new Set(rows.flatMap(hashesOf))) checkBlob(file, hash, "an event", fault);
  return { faults, lost, events: rows.length };
}

function readRows(file: string, fault: (text: string) => void): Row[] {
  const db = new Database(file, { readonly: true });
  try {
    const state = db.pragma("integrity_check", { simple: true });
    if (state !== "ok") fault(`SQLite finds the file damaged: ${String(state).slice(0, 100)}`);
    const found = db.prepare("SELECT name FROM sqlite_schema WHERE name = 'events'").get();
    if (found === undefined) return [];
    return z.array(Row).parse(db.prepare("SELECT * FROM events ORDER BY position").all());
  } finally {
    db.close();
  }
}

/** The file itself refuses to forget: whoever opens it can only add. */
function checkGuards(file: string, fault: (text: string) => void): void {
  const db = new Database(file);
  try {
    for (const change of ["DELETE FROM events", "UPDATE events SET type = 'other'"]) {
      db.exec("BEGIN");
      try {
        db.exec(`${change} WHERE position = 1`);
        fault(`the file takes ${change}`);
      } catch {
        // As it must be.
      }
      if (db.inTransaction) db.exec("ROLLBACK");
    }
  } finally {
    db.close();
  }
}

/** The chain as the description of the format has it (src/eventstore/format.md). */
function checkChain(rows: readonly Row[], fault: (text: string) => void): void {
  let before: Buffer = Buffer.alloc(32);
  const versions = new Map<string, number>();
  for (const [index, row] of rows.entries()) {
    const at = `position ${row.position}`;
    if (row.position !== index + 1) fault(`${at}: ${index + 1} was to be there`);
    const expected = (versions.get(row.stream) ?? 0) + 1;
    if (row.version !== expected) fault(`${at}: version ${row.version}, not ${expected}`);
    versions.set(row.stream, row.version);
    if (!sha256(row.salt, Buffer.from(row.body)).equals(row.commitment))
      fault(`${at}: another body`);
    if (!sha256(row.meta_salt, Buffer.from(row.meta)).equals(row.meta_commitment)) {
      fault(`${at}: another meta`);
    }
    if (!sha256(before, frameOf(row)).equals(row.hash)) fault(`${at}: the chain breaks`);
    before = row.hash;
  }
}

function frameOf(row: Row): Buffer {
  const columns = [
    row.position,
    row.stream,
    row.version,
    row.namespace,
    row.bucket_id,
    row.event_id,
    row.transaction_id,
    row.type,
    row.schema_version,
    row.recorded_at,
    row.meta_commitment,
    row.commitment,
  ].map((value) => {
    if (value === null) return Buffer.from([0xff, 0xff, 0xff, 0xff]);
    let content: Buffer;
    if (typeof value === "number") {
      content = Buffer.alloc(8);
      content.writeBigUInt64BE(BigInt(value));
    } else {
      content = typeof value === "string" ? Buffer.from(value) : value;
    }
    const length = Buffer.alloc(4);
    length.writeUInt32BE(content.length);
    return Buffer.concat([length, content]);
  });
  return Buffer.concat([Buffer.from([1]), ...columns]);
}

function sha256(...parts: readonly Buffer[]): Buffer {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(part);
  return digest.digest();
}

/** Each event was asked for, once, and not refused. */
function checkOrigin(
  request: string,
  events: readonly Row[],
  known: ReadonlyMap<string, Ended>,
  fault: (text: string) => void,
): void {
  const attempt = known.get(request);
  if (attempt === undefined) {
    // What the service does by itself, such as closing windows, has ids that it makes.
    if (!request.startsWith("req_")) fault(`${request}: events of a request that nobody made`);
    return;
  }
  if (attempt.outcome === "refused") {
    fault(`${request}: this ${attempt.deed} was refused with ${attempt.status}, and is in the log`);
  }
  if (attempt.events !== undefined && events.length !== attempt.events) {
    fault(
      `${request}: ${events.length} events of a ${attempt.deed}, which makes ${attempt.events}`,
    );
  }
  const positions = events.map(({ position }) => position);
  if (Math.max(...positions) - Math.min(...positions) !== positions.length - 1) {
    fault(`${request}: its events do not lie together`);
  }
}

function isMissing(attempt: Ended, events: readonly Row[]): boolean {
  if (attempt.events === 0) return false;
  if (events.length === 0) return true;
  const { resource, version } = attempt;
  if (resource === undefined || version === undefined) return false;
  if (attempt.deed !== "create" && attempt.deed !== "patch" && attempt.deed !== "lock")
    return false;
  return !events.some((row) => row.stream === resource && row.version === version);
}

function hashesOf({ type, body }: Row): string[] {
  if (type !== "object.created") return [];
  const Body = z.object({ changes: z.array(z.object({ path: z.string(), value: z.unknown() })) });
  const { changes } = Body.parse(JSON.parse(body));
  return changes
    .filter(({ path }) => path === "/blobs")
    .flatMap(({ value }) => Blobs.parse(value).map(({ details }) => details?.hash))
    .filter((hash) => hash !== undefined);
}

function checkBlob(file: string, hash: string, of: string, fault: (text: string) => void): void {
  const path = join(`${file}.blobs`, hash.slice(0, 2), hash);
  if (!existsSync(path)) fault(`${of}: the bytes ${hash.slice(0, 12)} are not there`);
  else if (sha256(readFileSync(path)).toString("hex") !== hash) {
    fault(`${of}: the bytes ${hash.slice(0, 12)} are others`);
  }
}
