/** The head of a log as three lines that are signed (C2SP tlog-checkpoint): origin, size, root. */
import { BucketsError } from "../domain/errors.js";
import {
  decodeBase64,
  type NoteSigner,
  type NoteVerifier,
  openNote,
  parseNote,
  signNote,
} from "./note.js";

/** What a log has committed to: its first `size` events, and no others in their place. */
export interface Checkpoint {
  /** Who the log is: one name for one history, for ever. */
  readonly origin: string;
  readonly size: number;
  /** The root of the Merkle tree over the first `size` events. */
  readonly root: Uint8Array;
}

const hashBytes = 32;

export function signCheckpoint(checkpoint: Checkpoint, signers: readonly NoteSigner[]): string {
  const { origin, size, root } = checkpoint;
  return signNote(`${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`, signers);
}

/**
 * The checkpoint of a note, once the signature of its own log holds: one by a key whose name is the
 * origin. Lines after the third are of others, and passed over.
 *
 * @throws PROOF_INVALID
 */
export function openCheckpoint(note: string, known: readonly NoteVerifier[]): Checkpoint {
  const { text, signedBy } = openNote(note, known);
  const checkpoint = parseCheckpoint(text);
  if (signedBy.some(({ name }) => name === checkpoint.origin)) return checkpoint;
  throw badCheckpoint(`no key of "${checkpoint.origin}" has signed it`);
}

/**
 * What a note says, whoever signed it: it proves nothing by itself.
 * @throws PROOF_INVALID when it is no checkpoint.
 */
export function readCheckpoint(note: string): Checkpoint {
  return parseCheckpoint(parseNote(note).text);
}

function parseCheckpoint(text: string): Checkpoint {
  const [origin, size = "", root] = text.split("\n");
  const bytes = decodeBase64(root);
  if (!origin || !/^(0|[1-9]\d*)$/.test(size) || bytes?.length !== hashBytes) {
    throw badCheckpoint("its lines are not origin, size and root");
  }
  const count = Number(size);
  if (!Number.isSafeInteger(count)) throw badCheckpoint(`${size} events are too many`);
  return { origin, size: count, root: new Uint8Array(bytes) };
}

function badCheckpoint(why: string): BucketsError {
  return new BucketsError("PROOF_INVALID", `The note is no checkpoint to trust: ${why}.`);
}
