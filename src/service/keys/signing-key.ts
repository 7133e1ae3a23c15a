/**
 * What a log signs with, and the last note that it showed to anybody. Both lie outside of the
 * database, so that a database that is rolled back does not take them along.
 */
import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { BucketsError } from "../../domain/errors.js";
import { makeFile, readFileIfAny, replaceFileSync, syncFolderOf } from "../../durable-file.js";
import { type NoteSigner, noteSigner, parseSigner, renamed } from "../../proofs/note.js";

export interface SigningKey {
  /** Those that there are, of whatever names, the newest first: the log knows which of them sign. */
  keys(): readonly NoteSigner[];
  /** The first one, while there is none. */
  make(origin: string): NoteSigner;
  /**
   * The one to go on with, durably, before the log says so; the same until it is kept.
   * @throws BAD_REQUEST where keys are configured, and none stands before the current one.
   */
  next(origin: string, current: NoteSigner | undefined): NoteSigner;
  /** Lets go of all but those: the current one first, then those that sign along. */
  keep(signers: readonly NoteSigner[]): void;
  /**
   * The same key, of that origin from now on.
   * @throws BAD_REQUEST for a configured key of another, which is not ours to change.
   */
  takeName(origin: string): void;
  /** Where it ought to be. */
  readonly place: string;
  /** The last note that was shown, if one ever was. */
  lastNote(): string | undefined;
  /** Durable when it returns: before the note is shown, so that there are never two histories. */
  keepNote(note: string): void;
}

const seedBytes = 32;

/**
 * The key in `<file>.sign`, as other tools of signed notes write it, or the configured one; the last
 * note in `<file>.sign.state`. While keys change there are two more files: `<file>.sign.next` has a
 * key that the log may not know yet, `<file>.sign.before` those that still sign along.
 */
export function fileSigningKey(file: string, configured: string | undefined): SigningKey {
  const place = `${file}.sign`;
  const stateFile = `${place}.state`;
  return {
    place,
    ...(configured === undefined ? keysBeside(place) : configuredKeys(configured)),
    lastNote: () => readFileIfAny(stateFile),
    keepNote: (note) => replaceFileSync(stateFile, note),
  };
}

/** The configured key, or one of its own, for a log that does not outlive the process. */
export function ephemeralSigningKey(configured: string | undefined): SigningKey {
  let last: string | undefined;
  return {
    place: "memory",
    ...(configured === undefined ? keysInMemory() : configuredKeys(configured)),
    lastNote: () => last,
    keepNote: (note) => {
      last = note;
    },
  };
}

type Keys = Omit<SigningKey, "place" | "lastNote" | "keepNote">;

function keysBeside(keyFile: string): Keys {
  const [nextFile, beforeFile] = [`${keyFile}.next`, `${keyFile}.before`];
  return {
    keys: () => [nextFile, keyFile, beforeFile].flatMap((file) => keysIn(readFileIfAny(file))),
    make: (origin) => makeKey(keyFile, origin),
    next: (origin) => makeKey(nextFile, origin),
    keep: ([current, ...along]) => {
      if (current === undefined) return;
      // The old one is safe before the new one takes its place.
      replaceIfOther(beforeFile, along);
      replaceIfOther(keyFile, [current]);
      const next = keysIn(readFileIfAny(nextFile));
      if (next.some(({ skey }) => skey === current.skey)) remove(nextFile);
    },
    takeName: (origin) => {
      const [there] = keysIn(readFileIfAny(keyFile));
      if (there === undefined) makeKey(keyFile, origin);
      else replaceFileSync(keyFile, textOf([renamed(there, origin)]));
      remove(nextFile);
    },
  };
}

/** The newest first, each on a line of its own. */
function configuredKeys(text: string): Keys {
  const keys = keysIn(text);
  return {
    keys: () => keys,
    make: (origin) => noteSigner(origin, randomBytes(seedBytes)),
    next: (_, current) => {
      const [first] = keys;
      if (first !== undefined && first.skey !== current?.skey) return first;
      throw new BucketsError(
        "BAD_REQUEST",
        "The signing key is configured: put the new one in front of it, on a line of its own.",
      );
    },
    keep: () => {},
    takeName: (origin) => {
      const [first] = keys;
      if (first !== undefined) assertOfOrigin(first, origin);
    },
  };
}

function keysInMemory(): Keys {
  let kept: readonly NoteSigner[] = [];
  const make = (origin: string) => {
    const made = noteSigner(origin, randomBytes(seedBytes));
    kept = [made, ...kept];
    return made;
  };
  return {
    keys: () => kept,
    make,
    next: make,
    keep: (signers) => {
      kept = signers;
    },
    takeName: (origin) => {
      const [first] = kept;
      if (first !== undefined) kept = [renamed(first, origin)];
    },
  };
}

/** @throws BAD_REQUEST */
export function assertOfOrigin({ verifier: { name } }: NoteSigner, origin: string): void {
  if (name === origin) return;
  throw new BucketsError(
    "BAD_REQUEST",
    `The signing key is of "${name}", and the log is "${origin}": sign with the key of the log.`,
    { origin, key_name: name },
  );
}

/** @throws BAD_REQUEST for a line that is no key. */
export function keysIn(text: string | undefined): readonly NoteSigner[] {
  const lines = text?.split("\n").map((line) => line.trim()) ?? [];
  return lines.filter((line) => line !== "").map(parseSigner);
}

function textOf(signers: readonly NoteSigner[]): string {
  return signers.map(({ skey }) => `${skey}\n`).join("");
}

function makeKey(file: string, origin: string): NoteSigner {
  makeFile(file, textOf([noteSigner(origin, randomBytes(seedBytes))]));
  // Two starts at once end with the one that is there.
  return parseSigner(readFileSync(file, "utf8").trim());
}

function replaceIfOther(file: string, signers: readonly NoteSigner[]): void {
  const text = textOf(signers);
  if (text === "") remove(file);
  else if (textOf(keysIn(readFileIfAny(file))) !== text) replaceFileSync(file, text);
}

function remove(file: string): void {
  if (readFileIfAny(file) === undefined) return;
  rmSync(file);
  syncFolderOf(file);
}
