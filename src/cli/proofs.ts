/** The commands of proofs: what a log has signed, and that an event is in it. */
import { readFileSync } from "node:fs";
import { BucketsError } from "../domain/errors.js";
import { readFileIfAny } from "../durable-file.js";
import { type AnchorPlaces, type EventProofOptions, openBuckets } from "../index.js";
import { openCheckpoint } from "../proofs/checkpoint.js";
import { type ProvenEvent, verifyEventProof } from "../proofs/event-proof.js";
import { type NoteVerifier, parseVerifier } from "../proofs/note.js";
import { assertQuorum, type Policy, parsePolicy } from "../proofs/policy.js";
import { keysIn } from "../service/keys/signing-key.js";
import { rotationIn, toldOfRotation } from "./key-rotation.js";
import { jsonLine, line } from "./line.js";
import { exitCodes } from "./output.js";
import { replaceText } from "./replace-file.js";
import {
  existingFileOf,
  openForReading,
  openForWriting,
  type StoreFlags,
  tellsUpgrade,
} from "./store.js";
import type { Terminal } from "./terminal.js";

export interface CheckpointFlags {
  readonly checkpoint?: string;
  readonly key?: readonly string[];
}

interface SignFlags extends Omit<StoreFlags, "namespace"> {
  readonly sign: boolean;
  readonly anchorFile?: string;
  readonly anchorCommand?: string;
  readonly json: boolean;
}

/**
 * The newest note, or one of the log as it is now.
 * @returns the exit code: 1 when it was signed, and not noted everywhere.
 */
export async function checkpoint(
  terminal: Terminal,
  flags: SignFlags,
): Promise<number | undefined> {
  if (flags.anchorFile !== undefined || flags.anchorCommand !== undefined) {
    return await signAndAnchor(terminal, flags);
  }
  const open = flags.sign ? openForWriting : openForReading;
  await using store = await open(terminal, { ...flags, namespace: "default" });
  const signed = flags.sign ? await store.proofs.sign() : await store.proofs.checkpoint();
  if (flags.json) terminal.print(jsonLine(signed));
  else printText(terminal, signed.note);
  return undefined;
}

async function signAndAnchor(terminal: Terminal, flags: SignFlags): Promise<number> {
  if (!flags.sign || flags.url !== undefined) {
    throw new BucketsError(
      "BAD_REQUEST",
      "--anchor-file and --anchor-command go with --sign, on a file of this machine.",
    );
  }
  await using store = await openBuckets(existingFileOf(terminal, flags));
  const { checkpoint: signed, anchors } = await store.anchor(placesOf(terminal, flags));
  if (flags.json) terminal.print(jsonLine({ ...signed, anchors }));
  else printText(terminal, signed.note);
  const failed = anchors.filter(({ ok }) => !ok);
  for (const { name, problem = "" } of failed) terminal.printError(line`${name}: ${problem}`);
  return failed.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/** A program without a folder is looked for as a shell does. */
export function placesOf(
  terminal: Terminal,
  { anchorFile: file, anchorCommand: command }: Pick<SignFlags, "anchorFile" | "anchorCommand">,
): AnchorPlaces {
  const program = command?.includes("/") === true ? terminal.path(command) : command;
  return { file: file === undefined ? undefined : terminal.path(file), command: program };
}

interface ForkFlags {
  readonly file: string;
  readonly json: boolean;
  readonly reason: string;
  readonly acceptTruncation: boolean;
}

/** Has a log that lacks what it has signed go on under another name. */
export async function forkLog(terminal: Terminal, flags: ForkFlags): Promise<void> {
  const { reason, acceptTruncation } = flags;
  await using store = await openBuckets({
    ...existingFileOf(terminal, flags),
    ...tellsUpgrade(terminal),
    acceptTruncation,
  });
  const report = await store.forkLog({ reason });
  if (flags.json) return terminal.print(jsonLine(report));
  const { origin_before: before, checkpoint: signed, key } = report;
  terminal.print(line`${before} is given up: the log goes on as ${signed.origin}`);
  terminal.print(line`key ${key}`);
  terminal.print(line`Hand the key to whoever checks the log; notes of before keep their old one.`);
}

interface ProveFlags extends StoreFlags {
  readonly object?: string;
  readonly disclose?: EventProofOptions["disclose"];
  readonly withPrevious: boolean;
  readonly output?: string;
}

export async function prove(
  terminal: Terminal,
  bucket: string,
  version: number,
  { object, disclose, withPrevious, output, ...flags }: ProveFlags,
): Promise<void> {
  await using store = await openForReading(terminal, flags);
  const { buckets, objects } = store.namespace(flags.namespace);
  const proof =
    object === undefined
      ? await buckets.proof(bucket, version, { disclose, withPrevious })
      : await objects(bucket).proof(object, version, { disclose, withPrevious });
  if (output === undefined) return printText(terminal, proof);
  await replaceText(terminal.path(output), proof);
  terminal.print(line`the proof of version ${version} is in ${output}`);
}

/** Tells what a proof proves, and what not. */
export async function checkProof(
  terminal: Terminal,
  named: string,
  flags: Pick<CheckpointFlags, "key"> & { readonly policy?: string; readonly json: boolean },
): Promise<void> {
  const policy = flags.policy === undefined ? undefined : readPolicy(terminal, flags.policy);
  const text = readText(terminal, named);
  const { logs = [] } = policy ?? {};
  const proven = verifyEventProof(text, [...logs, ...knownKeys(flags, logs.length > 0)]);
  const cosigned = policy === undefined ? [] : assertQuorum(proven.note, policy);
  const witnesses = cosigned.map(({ name }) => name);
  if (flags.json) {
    return terminal.print(jsonLine({ ...reportOf(proven), cosigned_by: witnesses }));
  }
  const { event, checkpoint: signed } = proven;
  const told = reportOf(proven);
  const rotation = rotationIn(event);
  terminal.print(
    line`It holds: ${signed.origin} has signed that event ${event.position} of its first ${signed.size} is`,
  );
  terminal.print(
    line`  ${event.type}, version ${event.version} of ${event.stream}, namespace ${event.namespace}, at ${told.recorded_at}`,
  );
  for (const part of ["body", "meta"] as const) {
    const text = told[part];
    terminal.print(text === null ? line`  its ${part} is not shown` : line`  its ${part}: ${text}`);
  }
  if (rotation !== undefined) terminal.print(toldOfRotation(rotation));
  if (witnesses.length > 0) {
    terminal.print(line`Witnesses who signed that history along: ${witnesses.join(", ")}`);
  }
  if (proven.isPreviousProved) {
    terminal.print(line`The event before it in the log is the one that it was chained to.`);
  }
  terminal.print(
    proven.isPreviousProved
      ? line`Not proved: that what it says is true, and that nothing took it back later.`
      : line`Not proved: that what it says is true, that nothing took it back later, and what stands before it.`,
  );
}

function readPolicy(terminal: Terminal, named: string): Policy {
  return parsePolicy(readText(terminal, named));
}

function reportOf({ event, isPreviousProved, checkpoint: { origin, size } }: ProvenEvent) {
  return {
    origin,
    size,
    position: event.position,
    stream: event.stream,
    version: event.version,
    namespace: event.namespace,
    bucket_id: event.bucketId,
    event_id: event.eventId,
    type: event.type,
    recorded_at: new Date(event.recordedAt).toISOString(),
    previous_proved: isPreviousProved,
    body: textOf(event.body),
    meta: textOf(event.meta),
  };
}

/** The public half of the key beside the file, or in the environment. */
export async function signingKey(
  terminal: Terminal,
  { file }: { readonly file: string },
): Promise<void> {
  const skey =
    terminal.io.env["BUCKETLOG_SIGNING_KEY"] ?? readFileIfAny(terminal.path(`${file}.sign`));
  const [newest] = keysIn(skey);
  if (newest === undefined) {
    throw new BucketsError(
      "NOT_FOUND",
      `There is no ${file}.sign yet: the first checkpoint makes it.`,
      {
        hint: "sign the log:  bucketlog checkpoint --sign",
      },
    );
  }
  terminal.print(line`${newest.verifier.vkey}`);
}

/** What `--checkpoint` says, once a key of `--key` has signed it. @throws PROOF_INVALID */
export function readExpected(
  terminal: Terminal,
  flags: CheckpointFlags,
): { readonly size: number; readonly root: string } | undefined {
  if (flags.checkpoint === undefined) return undefined;
  const note = readText(terminal, flags.checkpoint);
  const { size, root } = openCheckpoint(note, knownKeys(flags));
  return { size, root: Buffer.from(root).toString("hex") };
}

/** @throws BAD_REQUEST when there is none: a proof is worth what its key is worth. */
function knownKeys(
  { key = [] }: Pick<CheckpointFlags, "key">,
  hasOthers = false,
): readonly NoteVerifier[] {
  if (key.length > 0 || hasOthers) return key.map(parseVerifier);
  throw new BucketsError("BAD_REQUEST", "Name the key of the log, as it came to you: --key.", {
    hint: "whoever runs the log prints it with:  bucketlog sign key",
  });
}

function readText(terminal: Terminal, named: string): string {
  try {
    return readFileSync(terminal.path(named), "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BucketsError("FILE_INVALID", `${named} cannot be read: ${why}.`, {}, error);
  }
}

/** Line by line, each of which is escaped where it could drive the terminal. */
function printText(terminal: Terminal, text: string): void {
  for (const one of text.trimEnd().split("\n")) terminal.print(line`${one}`);
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString("utf8");
}
