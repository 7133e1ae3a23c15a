/** The lines of an exported log, `bucketlog-export/1`: see `src/eventstore/format.md`. */
import { z } from "zod";
import { BucketsError } from "../domain/errors.js";
import type { StoredEvent } from "../eventstore/frame.js";
import { type IdempotencyRow, RefusedOperation } from "../eventstore/store.js";
import { parseJson, parseRow, rowOf } from "../proofs/row.js";

const exportFormat = "bucketlog-export/1";

const count = z.int().nonnegative();

const HeaderLine = z.strictObject({
  format: z.literal(exportFormat),
  origin: z.string().min(1),
  log_id: z.string().regex(/^log_[\w-]{1,200}$/),
  first: z.literal(1),
  last: count,
});
export type ExportHeader = z.infer<typeof HeaderLine>;

const Results = z.strictObject({
  results: z.array(z.strictObject({ stream: z.string(), version: count, position: count })),
  refusals: z.array(RefusedOperation.strict()).exactOptional(),
});

const KeyLine = z.strictObject({
  scope: z.string(),
  key: z.string(),
  fingerprint: z.string(),
  recorded_at: count,
  results: z.string(),
  position: count,
});

/** What was answered under an idempotency key, by the last event that it made. */
export interface AnsweredKey {
  readonly position: number;
  readonly answered: IdempotencyRow;
}

export type ExportLine =
  | { readonly kind: "row"; readonly row: StoredEvent }
  | { readonly kind: "key"; readonly key: AnsweredKey }
  | { readonly kind: "checkpoint"; readonly note: string };

export function encodeHeader(header: Omit<ExportHeader, "format" | "first">): string {
  const { origin, log_id, last } = header;
  return line({ format: exportFormat, origin, log_id, first: 1, last });
}

export function encodeRowLine(row: StoredEvent): string {
  return line(rowOf(row));
}

export function encodeKeyLine({ position, answered }: AnsweredKey): string {
  const { scope, key, fingerprint, recordedAt, results, refusals } = answered;
  return line({
    key: {
      scope,
      key,
      fingerprint,
      recorded_at: recordedAt,
      results: JSON.stringify({ results, refusals }),
      position,
    },
  });
}

export function encodeCheckpointLine(note: string): string {
  return line({ checkpoint: note });
}

/** @throws PROOF_INVALID when the line is no header of an exported log. */
export function decodeHeader(text: string): ExportHeader {
  return parsed(HeaderLine, parseJson(text));
}

/** @throws PROOF_INVALID when the line is none that stands behind the header. */
export function decodeLine(text: string): ExportLine {
  const value = parseJson(text);
  const { key, checkpoint } = Markers.parse(value);
  if (checkpoint !== undefined) {
    return { kind: "checkpoint", note: parsed(CheckpointLine, value).checkpoint };
  }
  if (key === undefined) return { kind: "row", row: parseRow(value) };
  const { recorded_at, results, position, ...named } = parsed(KeyOnLine, value).key;
  const answered = parsed(Results, parseJson(results));
  return {
    kind: "key",
    key: { position, answered: { ...named, recordedAt: recorded_at, ...answered } },
  };
}

const KeyOnLine = z.strictObject({ key: KeyLine });
const CheckpointLine = z.strictObject({ checkpoint: z.string() });
const Markers = z
  .looseObject({ key: z.unknown().optional(), checkpoint: z.unknown().optional() })
  .catch({
    key: undefined,
    checkpoint: undefined,
  });

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  const where = issue?.path.join(".") || "it";
  throw new BucketsError(
    "PROOF_INVALID",
    `It is no line of an exported log: ${where}: ${issue?.message}`,
  );
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
