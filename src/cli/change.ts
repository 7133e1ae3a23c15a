/** The commands that change: `patch` and `revert`. Each says what it did, or would do. */

import { createInterface } from "node:readline/promises";
import { buffer } from "node:stream/consumers";
import { parsePoint } from "../domain/as-of.js";
import type { PatchMediaType } from "../domain/bucket/patch.js";
import { secretMask } from "../domain/bucket/secrets.js";
import { BucketsError } from "../domain/errors.js";
import { parseJsonText } from "../domain/json-text.js";
import type { Buckets, BucketWritten } from "../index.js";
import { changeLine, print, printError, printJson, styled } from "./output.js";
import { openForReading, openForWriting, type StoreFlags } from "./store.js";

interface ChangeFlags extends StoreFlags {
  readonly as?: string;
  readonly reason?: string;
  readonly ifVersion?: number;
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

export async function patch(bucket: string, text: string, flags: PatchFlags): Promise<void> {
  const body = parseJsonText(text === "-" ? await buffer(process.stdin) : Buffer.from(text));
  const { reason, ifVersion, dryRun, type } = flags;
  const mediaType = type === undefined ? undefined : mediaTypes[type];
  await changing(flags, async (buckets) => {
    const options = { reason, ifVersion, dryRun, mediaType };
    const written = await buckets.patch(bucket, body, options);
    if (!flags.json) printChanges(written, print);
    printWritten(written, flags);
  });
}

export interface RevertFlags extends ChangeFlags {
  readonly field?: readonly string[];
  readonly undo: boolean;
  readonly yes: boolean;
}

/** Shows what would be put back and asks, then does exactly that or, if it has moved, nothing. */
export async function revert(bucket: string, point: string, flags: RevertFlags): Promise<void> {
  const { reason, ifVersion } = flags;
  await changing(flags, async (buckets) => {
    const version = await versionAt(buckets, bucket, point);
    const body = flags.undo ? { undo: version } : { to: version, fields: flags.field };
    const preview = await buckets.revert(bucket, body, { reason, ifVersion, dryRun: true });
    printChanges(preview, flags.json ? printError : print);
    if (flags.dryRun || preview.changes.length === 0) {
      printWritten(preview, flags);
      return;
    }
    if (!flags.yes) await confirm();
    const options = { reason, ifVersion: preview.version - 1 };
    printWritten(await buckets.revert(bucket, body, options), flags);
  });
}

/** A dry run needs no lock, and so works beside a server. */
async function changing(
  flags: ChangeFlags,
  work: (buckets: Buckets) => Promise<void>,
): Promise<void> {
  await using store = await (flags.dryRun ? openForReading(flags) : openForWriting(flags));
  const caller = flags.as === undefined ? {} : { actor: flags.as };
  await work(store.namespace(flags.namespace, caller).buckets);
}

async function versionAt(buckets: Buckets, bucket: string, text: string): Promise<number> {
  const point = parsePoint(text, "point");
  if (point.kind === "version") return point.version;
  return (await buckets.get(bucket, { asOf: text })).version;
}

/** @throws BAD_REQUEST when nobody can be asked; CONFLICT when the answer is not yes. */
async function confirm(): Promise<void> {
  if (process.stdin.isTTY !== true) {
    throw new BucketsError(
      "BAD_REQUEST",
      "Nothing was changed: revert asks first, and there is no terminal to ask on.",
      { hint: "do what is shown above:  add --yes" },
    );
  }
  const answer = await ask("Put this back? [y/N] ");
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new BucketsError("CONFLICT", "Nothing was changed: the answer was not yes.");
}

/** A line of standard input; empty when it has ended. */
async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  for await (const line of createInterface({ input: process.stdin })) return line;
  return "";
}

function printChanges({ changes }: BucketWritten, write: (line: string) => void): void {
  if (changes.length === 0) write("no difference");
  for (const change of changes) write(changeLine(change));
}

function printWritten(written: BucketWritten, flags: ChangeFlags): void {
  const { bucket, version, position, changes, dryRun, ignoredFields } = written;
  if (ignoredFields.length > 0) printError(`ignored: ${ignoredFields.join(" ")}`);
  if (flags.json) {
    printJson({ dry_run: dryRun, version, position, changes, bucket }, flags);
    return;
  }
  if (dryRun) print(styled("dim", "nothing was recorded"));
  else print(`version ${version} at position ${position}`);
  const secret = bucket.source_adapter?.["webhook_secret"];
  if (typeof secret === "string" && secret !== secretMask) {
    printError(`webhook secret, shown this once: ${secret}`);
  }
}
