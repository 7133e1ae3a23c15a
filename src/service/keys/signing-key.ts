/**
 * What a log signs with, and the last note that it showed to anybody. Both lie outside of the
 * database, so that a database that is rolled back does not take them along.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { BucketsError } from "../../domain/errors.js";
import { makeFile, readFileIfAny, replaceFileSync } from "../../durable-file.js";
import { type NoteSigner, noteSigner, parseSigner, renamed } from "../../proofs/note.js";

export interface SigningKey {
  /**
   * Of that origin. @param mayMake whether nothing was signed before: only then is a key made.
   * @throws BAD_REQUEST for a key of another origin; KEY_MISSING
   */
  signer(origin: string, mayMake: boolean): NoteSigner;
  /**
   * The same key, of that origin from now on.
   * @throws BAD_REQUEST for a configured key of another, which is not ours to change.
   */
  takeName(origin: string): void;
  /** The last note that was shown, if one ever was. */
  lastNote(): string | undefined;
  /** Durable when it returns: before the note is shown, so that there are never two histories. */
  keepNote(note: string): void;
}

const seedBytes = 32;

/**
 * The key in `<file>.sign`, as other tools of signed notes write it, or the configured one; the last
 * note in `<file>.sign.state`.
 */
export function fileSigningKey(file: string, configured: string | undefined): SigningKey {
  const keyFile = `${file}.sign`;
  const stateFile = `${keyFile}.state`;
  return {
    signer: (origin, mayMake) => {
      const there = configured ?? readFileIfAny(keyFile);
      if (there === undefined && !mayMake) throw keyMissing(keyFile);
      return ofOrigin(parseSigner((there ?? makeKey(keyFile, origin)).trim()), origin);
    },
    takeName: (origin) => {
      if (configured !== undefined) {
        ofOrigin(parseSigner(configured.trim()), origin);
        return;
      }
      const there = readFileIfAny(keyFile);
      if (there === undefined) makeKey(keyFile, origin);
      else replaceFileSync(keyFile, `${renamed(parseSigner(there.trim()), origin).skey}\n`);
    },
    lastNote: () => readFileIfAny(stateFile),
    keepNote: (note) => replaceFileSync(stateFile, note),
  };
}

/** The configured key, or one of its own, for a log that does not outlive the process. */
export function ephemeralSigningKey(configured: string | undefined): SigningKey {
  const seed = randomBytes(seedBytes);
  let last: string | undefined;
  return {
    signer: (origin) =>
      configured === undefined
        ? noteSigner(origin, seed)
        : ofOrigin(parseSigner(configured.trim()), origin),
    takeName: () => {},
    lastNote: () => last,
    keepNote: (note) => {
      last = note;
    },
  };
}

function makeKey(keyFile: string, origin: string): string {
  makeFile(keyFile, `${noteSigner(origin, randomBytes(seedBytes)).skey}\n`);
  // Two starts at once end with the one that is there.
  return readFileSync(keyFile, "utf8");
}

function keyMissing(keyFile: string): BucketsError {
  return new BucketsError(
    "KEY_MISSING",
    `${keyFile} is gone, and the log has signed with it: bring it back, or give it in ` +
      "BUCKETLOG_SIGNING_KEY.",
    { file: keyFile },
  );
}

function ofOrigin(signer: NoteSigner, origin: string): NoteSigner {
  const { name } = signer.verifier;
  if (name === origin) return signer;
  throw new BucketsError(
    "BAD_REQUEST",
    `The signing key is of "${name}", and the log is "${origin}": sign with the key of the log.`,
    { origin, key_name: name },
  );
}
