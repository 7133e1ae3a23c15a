/**
 * The proof that one event is in a log, as a file that needs nothing else to be checked (C2SP
 * tlog-proof): the event's row as far as it is disclosed, its path in the tree, and a checkpoint.
 */
import { z } from "zod";
import { BucketsError } from "../domain/errors.js";
import { chainHash, commit, type StoredEvent, zeroHash } from "../eventstore/frame.js";
import { leafHash, verifyInclusion } from "../eventstore/tree.js";
import { type Checkpoint, openCheckpoint } from "./checkpoint.js";
import { decodeBase64, type NoteVerifier } from "./note.js";
import { parseJson, parseRow, rowOf } from "./row.js";

export interface EventProof {
  /** What is not disclosed is null: bytes together with their salt. */
  readonly event: StoredEvent;
  /** The chain hash before the event. That it is the one of the log, this proof does not show. */
  readonly previousHash: Uint8Array;
  readonly path: readonly Uint8Array[];
  /** That of the event before, which proves that it is; of the first event it is empty. */
  readonly previousPath?: readonly Uint8Array[] | undefined;
  /** A signed checkpoint of a log that holds the event. */
  readonly checkpoint: string;
}

/** What a proof shows, once all of it holds. */
export interface ProvenEvent {
  readonly event: StoredEvent;
  readonly previousHash: Uint8Array;
  /** Whether that is the chain hash of the event before in the same log, or there is none before. */
  readonly isPreviousProved: boolean;
  readonly checkpoint: Checkpoint;
  /** The note of that checkpoint, which witnesses may have signed along. */
  readonly note: string;
}

/** A row of a log, with the chain hash before it, and perhaps the path of that. */
const Extra = z
  .looseObject({ previous_hash: z.unknown().optional(), previous_path: z.unknown().optional() })
  .catch({});

const header = "c2sp.org/tlog-proof@v1";
const hashBytes = 32;
/** A tree of 2^53 leaves is no deeper. */
const pathMax = 63;

export function encodeEventProof(proof: EventProof): string {
  const { event, previousHash, path, previousPath, checkpoint } = proof;
  const extra = JSON.stringify({
    previous_hash: base64(previousHash),
    ...(previousPath !== undefined && { previous_path: previousPath.map(base64) }),
    ...rowOf(event),
  });
  const lines = [
    header,
    `extra ${Buffer.from(extra).toString("base64")}`,
    `index ${event.position - 1}`,
    ...path.map(base64),
  ];
  return `${lines.join("\n")}\n\n${checkpoint}`;
}

/** @throws PROOF_INVALID when the text is no such proof; whether it holds is not looked at. */
function decodeEventProof(text: string): EventProof {
  const end = text.indexOf("\n\n");
  const [first, extra = "", index, ...hashes] = text.slice(0, Math.max(end, 0)).split("\n");
  if (first !== header) throw badProof(`it does not begin with ${header}`);
  const { previous_hash, previous_path, ...row } = Extra.parse(parseJson(extraOf(extra)));
  const event = parseRow(row);
  if (index !== `index ${event.position - 1}`) throw badProof("its index is another event's");
  if (hashes.length > pathMax) throw badProof(`it has more than ${pathMax} hashes`);
  return {
    event,
    previousHash: hashIn(previous_hash),
    previousPath: previous_path === undefined ? undefined : pathIn(previous_path),
    path: hashes.map(hashIn),
    checkpoint: text.slice(end + 2),
  };
}

/**
 * Checks the whole of it: what is disclosed is what was committed to, the event is what the chain
 * hash covers, that hash is in the tree, and the tree is the one that the log has signed.
 *
 * @param known the keys that are trusted; they must not come from where the proof does.
 * @throws PROOF_INVALID with what does not hold.
 */
export function verifyEventProof(text: string, known: readonly NoteVerifier[]): ProvenEvent {
  const { event, previousHash, path, previousPath, checkpoint: note } = decodeEventProof(text);
  checkDisclosed("meta", event.meta, event.metaSalt, event.metaCommitment);
  checkDisclosed("body", event.body, event.salt, event.commitment);
  if (!equal(event.hash, chainHash(previousHash, event))) {
    throw badProof("the chain hash is not the one of the event");
  }
  const checkpoint = openCheckpoint(note, known);
  const { size, root } = checkpoint;
  const index = event.position - 1;
  if (!verifyInclusion({ leaf: leafHash(event.hash), index, size, root, proof: path })) {
    throw badProof(`the event is not in the tree of ${size} events that was signed`);
  }
  const isFirst = index === 0;
  if (isFirst && !equal(previousHash, zeroHash)) {
    throw badProof("nothing stands before the first event");
  }
  if (!isFirst && previousPath !== undefined) {
    const before = { leaf: leafHash(previousHash), index: index - 1, size, root };
    if (!verifyInclusion({ ...before, proof: previousPath })) {
      throw badProof("the event before is not the one that it was chained to");
    }
  }
  const isPreviousProved = isFirst || previousPath !== undefined;
  return { event, previousHash, isPreviousProved, checkpoint, note };
}

function checkDisclosed(
  part: "meta" | "body",
  bytes: Uint8Array | null,
  salt: Uint8Array | null,
  commitment: Uint8Array,
): void {
  if (bytes === null && salt === null) return;
  if (bytes !== null && salt !== null && equal(commitment, commit(salt, bytes))) return;
  throw badProof(`the ${part} is not what was committed to`);
}

function extraOf(line: string): string {
  const bytes = line.startsWith("extra ") ? decodeBase64(line.slice("extra ".length)) : undefined;
  return bytes?.toString("utf8") ?? "";
}

function pathIn(value: unknown): readonly Uint8Array[] {
  if (Array.isArray(value) && value.length <= pathMax) return value.map(hashIn);
  throw badProof("the path of the event before is none");
}

function hashIn(text: unknown): Uint8Array {
  const bytes = typeof text === "string" ? decodeBase64(text) : undefined;
  if (bytes?.length === hashBytes) return new Uint8Array(bytes);
  throw badProof("a line of it is no SHA-256 hash in base64");
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function badProof(why: string): BucketsError {
  return new BucketsError("PROOF_INVALID", `The proof does not hold: ${why}.`);
}
