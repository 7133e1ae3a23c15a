/**
 * Signed notes (C2SP signed-note): a text of lines, then signatures by named keys. What signs the
 * head of a log, so that tools which know nothing of us can check it.
 */
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";
import { BucketsError } from "../domain/errors.js";

/** A key that notes are checked with, as `<name>+<id>+<base64(0x01 ‖ public key)>`. */
export interface NoteVerifier {
  readonly name: string;
  /** The first 4 bytes of SHA-256(name ‖ "\n" ‖ 0x01 ‖ public key), as hex. */
  readonly id: string;
  readonly publicKey: KeyObject;
  /** The key as text. */
  readonly vkey: string;
}

/** A key that signs, with the key that its signatures are checked with. */
export interface NoteSigner {
  readonly verifier: NoteVerifier;
  /** The key as text: keep it secret. */
  readonly skey: string;
  /** 64 bytes over the text of a note. */
  sign(text: string): Uint8Array;
}

/** A note whose signature by one of the known keys holds. */
export interface OpenedNote {
  /** Ends in a newline. */
  readonly text: string;
  /** Of the known keys, those that signed it. */
  readonly signedBy: readonly NoteVerifier[];
}

/** In the registry of signed-note: Ed25519, and Ed25519 of witnesses, who sign a time as well. */
const ed25519 = 1;
const cosignature = 4;
const keyBytes = 32;
const idBytes = 4;
const logNameMax = 200;
const timeBytes = 8;
const signatureBytes = 64;
const noteBytesMax = 1_000_000;
const signaturesMax = 100;

// RFC 8410: what stands before the 32 bytes of a key in PKCS #8 and in SubjectPublicKeyInfo.
const privatePrefix = Buffer.from("302e020100300506032b657004220420", "hex");
const publicPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** The signer of a seed of 32 random bytes. */
export function noteSigner(name: string, seed: Uint8Array): NoteSigner {
  checkName(name);
  const privateKey = createPrivateKey({
    key: Buffer.concat([privatePrefix, seed]),
    format: "der",
    type: "pkcs8",
  });
  const verifier = verifierOf(name, rawPublicKey(privateKey));
  const encoded = Buffer.concat([Uint8Array.of(ed25519), seed]).toString("base64");
  return {
    verifier,
    skey: `PRIVATE+KEY+${name}+${verifier.id}+${encoded}`,
    sign: (text) => sign(null, Buffer.from(text), privateKey),
  };
}

/** The same key under another name: another key to whoever checks notes. */
export function renamed({ skey }: NoteSigner, name: string): NoteSigner {
  return noteSigner(name, parseKey(skey).seed);
}

/**
 * Reads a signer as `PRIVATE+KEY+<name>+<id>+<base64(0x01 ‖ seed)>`.
 *
 * @throws BAD_REQUEST when it is none; the message does not tell the key.
 */
export function parseSigner(skey: string): NoteSigner {
  const { name, id, seed } = parseKey(skey);
  const signer = noteSigner(name, seed);
  if (signer.verifier.id !== id) throw badKey("The signing key");
  return signer;
}

function parseKey(skey: string) {
  const [, name, id, encoded] = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(skey) ?? [];
  const seed = keyIn(encoded);
  if (name === undefined || seed === undefined) throw badKey("The signing key");
  return { name, id, seed };
}

/** @throws BAD_REQUEST when the text is no key that notes are checked with. */
export function parseVerifier(vkey: string): NoteVerifier {
  return parseTyped(vkey, ed25519);
}

/**
 * The key of a witness (C2SP tlog-cosignature, with Ed25519).
 * @throws BAD_REQUEST when the text is none.
 */
export function parseCosigner(vkey: string): NoteVerifier {
  return parseTyped(vkey, cosignature);
}

function parseTyped(vkey: string, type: number): NoteVerifier {
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  const raw = keyIn(encoded, type);
  if (name === undefined || raw === undefined) throw badKey(`"${vkey}"`);
  const verifier = verifierOf(name, raw, type);
  if (verifier.id !== id) throw badKey(`"${vkey}"`);
  return verifier;
}

/** The text, a blank line, and a line for each signature. @param text lines that end in a newline. */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  checkText(text);
  const lines = signers.map((signer) => {
    const { name, id } = signer.verifier;
    const signature = Buffer.concat([Buffer.from(id, "hex"), signer.sign(text)]);
    return `\u2014 ${name} ${signature.toString("base64")}\n`;
  });
  return `${text}\n${lines.join("")}`;
}

/**
 * Checks a note. Signatures of keys that are not known are passed over, so that keys can change and
 * witnesses sign along; one of a known key that does not hold refuses the note.
 *
 * @throws PROOF_INVALID when it is malformed, a signature of a known key does not hold, or no known
 * key signed it.
 */
export function openNote(note: string, known: readonly NoteVerifier[]): OpenedNote {
  const { text, signatures } = parseNote(note);
  const signedBy = new Map<string, NoteVerifier>();
  for (const { name, id, signature } of signatures) {
    const verifier = known.find((one) => one.name === name && one.id === id);
    if (verifier === undefined || signedBy.has(verifier.vkey)) continue;
    if (!verify(null, Buffer.from(text), verifier.publicKey, signature)) {
      throw badNote(`the signature of ${name} does not hold`);
    }
    signedBy.set(verifier.vkey, verifier);
  }
  if (signedBy.size === 0) throw badNote("no key that you named has signed it");
  return { text, signedBy: [...signedBy.values()] };
}

/**
 * Those of the witnesses who have signed the note along, at a time of theirs.
 * @throws PROOF_INVALID when a signature of one of them does not hold.
 */
export function cosignersOf(
  note: string,
  witnesses: readonly NoteVerifier[],
): readonly NoteVerifier[] {
  const { text, signatures } = parseNote(note);
  const signed = new Set<NoteVerifier>();
  for (const { name, id, signature } of signatures) {
    const witness = witnesses.find((one) => one.name === name && one.id === id);
    if (witness === undefined) continue;
    if (!holdsCosignature(text, witness, signature)) {
      throw badNote(`the signature of ${name} does not hold`);
    }
    signed.add(witness);
  }
  return [...signed];
}

/** Eight bytes of a time in seconds, then the signature over it and the text. */
function holdsCosignature(
  text: string,
  { publicKey }: NoteVerifier,
  signature: Uint8Array,
): boolean {
  if (signature.length !== timeBytes + signatureBytes) return false;
  const time = Buffer.from(signature).readBigUInt64BE();
  const message = Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
  return time < 2n ** 63n && verify(null, message, publicKey, signature.subarray(timeBytes));
}

export interface NoteSignature {
  readonly name: string;
  readonly id: string;
  readonly signature: Uint8Array;
}

/** @throws as `openNote` does, without looking at the signatures. */
export function parseNote(note: string): {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
} {
  if (note.length > noteBytesMax) throw badNote(`it has more than ${noteBytesMax} characters`);
  const end = note.lastIndexOf("\n\n");
  if (end === -1 || !note.endsWith("\n")) throw badNote("it has no signatures");
  const text = note.slice(0, end + 1);
  if (hasControl(text)) throw badNote("its text has control characters");
  const lines = note.slice(end + 2, -1).split("\n");
  if (lines.length > signaturesMax) throw badNote(`it has more than ${signaturesMax} signatures`);
  return { text, signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const [, name, encoded] = /^\u2014 ([^\s+]+) (\S+)$/u.exec(line) ?? [];
  const bytes = decodeBase64(encoded);
  if (name === undefined || bytes === undefined || bytes.length <= idBytes) {
    throw badNote("a line of its signatures is malformed");
  }
  return {
    name,
    id: bytes.subarray(0, idBytes).toString("hex"),
    signature: bytes.subarray(idBytes),
  };
}

/** Only the one form that base64 has for bytes: others would make two texts of one key. */
export function decodeBase64(text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

function keyIn(encoded: string | undefined, type = ed25519): Buffer | undefined {
  const bytes = decodeBase64(encoded);
  const isKey = bytes?.length === 1 + keyBytes && bytes[0] === type;
  return isKey ? bytes.subarray(1) : undefined;
}

function verifierOf(name: string, raw: Uint8Array, type = ed25519): NoteVerifier {
  checkName(name);
  const typed = Buffer.concat([Uint8Array.of(type), raw]);
  const digest = hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), typed]), "buffer");
  const id = digest.subarray(0, idBytes).toString("hex");
  const publicKey = createPublicKey({
    key: Buffer.concat([publicPrefix, raw]),
    format: "der",
    type: "spki",
  });
  return { name, id, publicKey, vkey: `${name}+${id}+${typed.toString("base64")}` };
}

function rawPublicKey(privateKey: KeyObject): Uint8Array {
  const encoded = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return encoded.subarray(publicPrefix.length);
}

/** Whether a log can sign under it. */
export function isLogName(name: string): boolean {
  return isKeyName(name) && name.length <= logNameMax;
}

function isKeyName(name: string): boolean {
  return /^[^\s+]+$/u.test(name) && !hasControl(name);
}

/** @throws BAD_REQUEST for a name that a line of signatures cannot hold. */
function checkName(name: string): void {
  if (isKeyName(name)) return;
  throw new BucketsError(
    "BAD_REQUEST",
    "The name of a key has no space, no + and no control character.",
  );
}

/** @throws BAD_REQUEST */
function checkText(text: string): void {
  if (text.endsWith("\n") && !text.includes("\n\n") && !hasControl(text)) return;
  throw new BucketsError(
    "BAD_REQUEST",
    "The text of a note is lines without control characters, each of which ends in a newline.",
  );
}

function hasControl(text: string): boolean {
  return /[\u0000-\u0009\u000b-\u001f\u007f]/.test(text);
}

function badKey(what: string): BucketsError {
  return new BucketsError(
    "BAD_REQUEST",
    `${what} is no Ed25519 key of signed notes: <name>+<id>+<base64>.`,
  );
}

function badNote(why: string): BucketsError {
  return new BucketsError("PROOF_INVALID", `The note cannot be trusted: ${why}.`);
}
