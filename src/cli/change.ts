/** The commands that change: `create`, `patch` and `revert`. Each says what it did, or would do. */

import { createInterface } from "node:readline/promises";
import { buffer } from "node:stream/consumers";
import { parsePoint } from "../domain/as-of.js";
import { BucketsError } from "../domain/errors.js";
import { isJsonObject, type JsonValue } from "../domain/json.js";
import { parseJsonText } from "../domain/json-text.js";
import type { PatchMediaType } from "../domain/patch-media-type.js";
import { secretMask } from "../domain/secrets.js";
import type { Buckets, BucketWritten, WriteOptions } from "../index.js";
import { joined, type Line, line } from "./line.js";
import { changeLine } from "./output.js";
import { openForReading, openForWriting, type StoreFlags } from "./store.js";
import type { Terminal } from "./terminal.js";

interface ChangeFlags extends StoreFlags {
  readonly as?: string;
  readonly reason?: string;
  readonly ifVersion?: number;
  readonly idempotencyKey?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** How `--type` names the media types; without it, a field that is present replaces the field. */
const mediaTypes = {
  merge: "application/merge-patch+json",
  "json-patch": "application/json-patch+json",
} as const satisfies Record<string, PatchMediaType>;

export interface PatchFlags extends ChangeFlags {
  readonly type?: keyof typeof mediaTypes;
}

export async function patch(
  terminal: Terminal,
  bucket: string,
  text: string,
  flags: PatchFlags,
): Promise<void> {
  const body = await readJson(terminal, text, "The patch");
  const { reason, ifVersion, idempotencyKey, dryRun, type } = flags;
  const mediaType = type === undefined ? undefined : mediaTypes[type];
  await changing(terminal, flags, async (buckets) => {
    const options = { reason, ifVersion, idempotencyKey, dryRun, mediaType };
    const written = await buckets.patch(bucket, body, options);
    if (!flags.json) printChanges(terminal, written, terminal.print);
    printWritten(terminal, written, flags);
  });
}

/** A bucket with that name; what else it is to have is JSON. */
export async function create(
  terminal: Terminal,
  name: string,
  text: string | undefined,
  flags: ChangeFlags,
): Promise<void> {
  const sent = text === undefined ? {} : await readJson(terminal, text, "The bucket");
  if (!isJsonObject(sent)) {
    throw new BucketsError("VALIDATION_FAILED", "The bucket is a JSON object, without its name.");
  }
  const body = { bucket_schema: { properties: {} }, ...sent, bucket_name: name };
  const { reason, idempotencyKey, dryRun } = flags;
  const work = async (buckets: Buckets<WriteOptions, unknown>) => {
    const written = await buckets.create(body, { reason, idempotencyKey, dryRun });
    printWritten(terminal, written, flags);
  };
  // The first bucket may make the file.
  await changing(terminal, flags, work, { makes: true });
}

/** @param text JSON, or `-` for standard input. */
async function readJson({ io }: Terminal, text: string, name: string): Promise<JsonValue> {
  const bytes = text === "-" ? await buffer(io.stdin) : Buffer.from(text);
  return parseJsonText(bytes, { name, line: 1 });
}

export interface RevertFlags extends ChangeFlags {
  readonly field?: readonly string[];
  readonly undo: boolean;
  readonly yes: boolean;
}

/** Shows what would be put back and asks, then does exactly that or, if it has moved, nothing. */
export async function revert(
  terminal: Terminal,
  bucket: string,
  point: string,
  flags: RevertFlags,
): Promise<void> {
  const { reason, ifVersion, idempotencyKey } = flags;
  await changing(terminal, flags, async (buckets) => {
    const version = await versionAt(buckets, bucket, point);
    const body = flags.undo ? { undo: version } : { to: version, fields: flags.field };
    const preview = await buckets.revert(bucket, body, { reason, ifVersion, dryRun: true });
    printChanges(terminal, preview, flags.json ? terminal.printError : terminal.print);
    if (flags.dryRun || preview.changes.length === 0) {
      printWritten(terminal, preview, flags);
      return;
    }
    if (!flags.yes) await confirm(terminal);
    const options = { reason, idempotencyKey, ifVersion: preview.version - 1 };
    printWritten(terminal, await buckets.revert(bucket, body, options), flags);
  });
}

/** A dry run needs no lock, and so works beside a server. */
async function changing(
  terminal: Terminal,
  flags: ChangeFlags,
  work: (buckets: Buckets<WriteOptions, unknown>) => Promise<void>,
  opening: { readonly makes?: boolean } = {},
): Promise<void> {
  await using store = await (flags.dryRun
    ? openForReading(terminal, flags)
    : openForWriting(terminal, flags, opening));
  const caller = flags.as === undefined ? {} : { actor: flags.as };
  await work(store.namespace(flags.namespace, caller).buckets);
}

async function versionAt(
  buckets: Buckets<WriteOptions, unknown>,
  bucket: string,
  text: string,
): Promise<number> {
  const point = parsePoint(text, "point");
  if (point.kind === "version") return point.version;
  return (await buckets.get(bucket, { asOf: text })).version;
}

/** @throws BAD_REQUEST when nobody can be asked; CONFLICT when the answer is not yes. */
export async function confirm(terminal: Terminal): Promise<void> {
  if (terminal.io.stdin.isTTY !== true) {
    throw new BucketsError(
      "BAD_REQUEST",
      "Nothing was changed: revert asks first, and there is no terminal to ask on.",
      { hint: "do what is shown above:  add --yes" },
    );
  }
  const answer = await ask(terminal, "Put this back? [y/N] ");
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new BucketsError("CONFLICT", "Nothing was changed: the answer was not yes.");
}

/** A line of standard input; empty when it has ended. */
async function ask({ io }: Terminal, question: string): Promise<string> {
  io.stderr.write(question);
  for await (const typed of createInterface({ input: io.stdin })) return typed;
  return "";
}

function printChanges(
  terminal: Terminal,
  { changes }: BucketWritten,
  write: (line: Line) => void,
): void {
  if (changes.length === 0) write(line`no difference`);
  for (const change of changes) write(changeLine(terminal, change));
}

function printWritten(terminal: Terminal, written: BucketWritten, flags: ChangeFlags): void {
  const { bucket, version, position, changes, dryRun, replayed, ignoredFields } = written;
  if (ignoredFields.length > 0) terminal.printError(line`ignored: ${joined(ignoredFields, " ")}`);
  if (flags.json) {
    terminal.printJson({ dry_run: dryRun, version, position, changes, bucket }, flags);
    return;
  }
  if (dryRun) terminal.print(terminal.styled("dim", "nothing was recorded"));
  else if (replayed)
    terminal.print(line`version ${version} at position ${position}, recorded before`);
  else terminal.print(line`version ${version} at position ${position}`);
  const secret = bucket.source_adapter?.["webhook_secret"];
  if (typeof secret === "string" && secret !== secretMask) {
    terminal.printError(line`webhook secret, shown this once: ${secret}`);
  }
}
