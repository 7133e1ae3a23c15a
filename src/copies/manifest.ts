/**
 * What is in a backup, in one file, and the signed note over that file. `format.md` beside the event
 * store says how a third person checks both.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { BucketsError } from "../domain/errors.js";
import {
  type NoteSigner,
  type NoteVerifier,
  openNote,
  parseVerifier,
  signNote,
} from "../proofs/note.js";

/** Where everything lies in the folder of a backup. */
export const backupNames = {
  manifest: "manifest.json",
  note: "manifest.note",
  database: "buckets.db",
  blobs: "blobs",
  erasures: "erasures.ndjson",
  keys: "keys.sealed",
} as const;

export const manifestFormat = "bucketlog-backup/1";

const count = z.int().nonnegative();
const digest = z.string().regex(/^[0-9a-f]{64}$/);

export const Manifest = z.object({
  format: z.literal(manifestFormat),
  log_id: z.string(),
  origin: z.string(),
  /** The head of the copied log. */
  position: count,
  hash: digest,
  /** Of the Merkle tree over its events. */
  root: digest,
  taken_at: z.string(),
  /** What wrote it. */
  bucketlog: z.string(),
  migration: count,
  reducer: count,
  files: z.array(z.object({ path: z.string(), bytes: count, sha256: digest })),
  blobs: z.object({
    count,
    bytes: count,
    /** When every one of them was last read and hashed. */
    hashed_at: z.string(),
  }),
  /** All erasures up to there are done in it. */
  erasures_through: count,
  keys: z.enum(["excluded", "sealed"]),
  /** The key that its note is checked with: worth something once it came another way, too. */
  signed_by: z.string(),
});
export type Manifest = Readonly<z.infer<typeof Manifest>>;

/** Its first line is not the origin, so that nobody takes it for a checkpoint. */
export function signManifest(text: string, manifest: Manifest, signer: NoteSigner): string {
  return signNote(noteText(text, manifest), [signer]);
}

/**
 * The manifest of a backup, once its note holds.
 *
 * @param trusted the keys that may have signed it; the one that it names unless given.
 * @throws COPY_INVALID when either file is none; PROOF_INVALID when the note does not hold.
 */
export function openManifest(
  text: string,
  note: string,
  trusted: readonly NoteVerifier[] | undefined,
): Manifest {
  const parsed = Manifest.safeParse(jsonIn(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw notOurs(`${issue?.path.join(".") || "it"}: ${issue?.message}`);
  }
  const manifest = parsed.data;
  const opened = openNote(note, trusted ?? [parseVerifier(manifest.signed_by)]);
  if (opened.text === noteText(text, manifest)) return manifest;
  throw new BucketsError(
    "PROOF_INVALID",
    `${backupNames.note} does not sign this ${backupNames.manifest}: one of the two was altered.`,
  );
}

function noteText(text: string, { origin, position }: Manifest): string {
  const sum = createHash("sha256").update(text).digest("base64");
  return `${manifestFormat}\n${origin}\n${position}\n${sum}\n`;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notOurs(error instanceof Error ? error.message : String(error));
  }
}

function notOurs(why: string): BucketsError {
  return new BucketsError("COPY_INVALID", `${backupNames.manifest} is none of a backup: ${why}.`);
}
