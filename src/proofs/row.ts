/**
 * `bucketlog-row/1`: an event of the log as one line of JSON, exactly as it is stored, so that
 * another program can check its commitments and its place in the chain. See `format.md`.
 */
import { z } from "zod";
import { BucketsError } from "../domain/errors.js";
import type { StoredEvent } from "../eventstore/frame.js";
import { decodeBase64 } from "./note.js";

/** Two documents of 1 MiB in one event, each byte of which may take six in JSON, and room to spare. */
const rowBytesMax = 40 * 1024 * 1024;

const count = z.int().nonnegative();

const bytes = z.string().transform((text, context) => {
  const decoded = decodeBase64(text);
  if (decoded !== undefined) return new Uint8Array(decoded);
  context.addIssue({ code: "custom", message: "is not the base64 of bytes" });
  return z.NEVER;
});

const content = z.string().transform((text) => new Uint8Array(Buffer.from(text)));

const Row = z.strictObject({
  position: count,
  stream: z.string(),
  version: count,
  namespace: z.string(),
  bucket_id: z.string(),
  event_id: z.string(),
  transaction_id: z.string().nullable(),
  type: z.string(),
  schema_version: count,
  recorded_at: count,
  meta: content.nullable(),
  meta_salt: bytes.nullable(),
  meta_commitment: bytes,
  body: content.nullable(),
  salt: bytes.nullable(),
  commitment: bytes,
  hash: bytes,
});

/** The line of an event, without its newline. Meta and body are the very text that was committed to. */
export function encodeRow(event: StoredEvent): string {
  return JSON.stringify(rowOf(event));
}

/** The row of an event as a JSON object, its keys in the order of the format. */
export function rowOf(event: StoredEvent) {
  return {
    position: event.position,
    stream: event.stream,
    version: event.version,
    namespace: event.namespace,
    bucket_id: event.bucketId,
    event_id: event.eventId,
    transaction_id: event.transactionId,
    type: event.type,
    schema_version: event.schemaVersion,
    recorded_at: event.recordedAt,
    meta: textOf(event.meta),
    meta_salt: base64Of(event.metaSalt),
    meta_commitment: base64Of(event.metaCommitment),
    body: textOf(event.body),
    salt: base64Of(event.salt),
    commitment: base64Of(event.commitment),
    hash: base64Of(event.hash),
  };
}

/** @throws PROOF_INVALID when the line is no such row; whether its hashes hold is not looked at. */
export function decodeRow(line: string): StoredEvent {
  return parseRow(parseJson(line));
}

/** @throws PROOF_INVALID, as `decodeRow` does. */
export function parseRow(value: unknown): StoredEvent {
  const parsed = Row.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badRow(`${issue?.path.join(".") || "it"}: ${issue?.message}`);
  }
  const row = parsed.data;
  return {
    position: row.position,
    stream: row.stream,
    version: row.version,
    namespace: row.namespace,
    bucketId: row.bucket_id,
    eventId: row.event_id,
    transactionId: row.transaction_id,
    type: row.type,
    schemaVersion: row.schema_version,
    recordedAt: row.recorded_at,
    meta: row.meta,
    metaSalt: row.meta_salt,
    metaCommitment: row.meta_commitment,
    body: row.body,
    salt: row.salt,
    commitment: row.commitment,
    hash: row.hash,
  };
}

/** @throws PROOF_INVALID for a line that is no JSON, or too long. */
export function parseJson(line: string): unknown {
  if (Buffer.byteLength(line) > rowBytesMax) throw badRow(`it has more than ${rowBytesMax} bytes`);
  try {
    return JSON.parse(line);
  } catch (error) {
    throw badRow(error instanceof Error ? error.message : String(error));
  }
}

function textOf(bytesOrNull: Uint8Array | null): string | null {
  return bytesOrNull === null ? null : utf8.decode(bytesOrNull);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function base64Of(bytesOrNull: Uint8Array | null): string | null {
  return bytesOrNull === null ? null : Buffer.from(bytesOrNull).toString("base64");
}

function badRow(why: string): BucketsError {
  return new BucketsError("PROOF_INVALID", `The line is no row of a log: ${why}.`);
}
