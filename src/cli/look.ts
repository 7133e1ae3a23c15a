/** The commands that look: `log`, `show`, `replay`. They open the file read-only, beside a server. */
import type { Buckets, HistoryEntry } from "../index.js";
import { openBuckets } from "../index.js";
import { print, styled } from "./output.js";

export interface LookFlags {
  readonly file: string;
  readonly namespace: string;
  readonly json: boolean;
}

/** Runs `work` on the buckets of a file that is opened for reading only. */
async function onFile(flags: LookFlags, work: (buckets: Buckets) => Promise<void>): Promise<void> {
  await using store = await openBuckets({ file: flags.file, readOnly: true });
  await work(store.namespace(flags.namespace).buckets);
}

/** Changes, newest first. */
export function log(bucket: string, flags: LookFlags & { readonly limit: number }): Promise<void> {
  return onFile(flags, async (buckets) => {
    const { results } = await buckets.history(bucket, { limit: flags.limit });
    for (const entry of results) print(flags.json ? JSON.stringify(entry) : logLine(entry));
  });
}

function logLine(entry: HistoryEntry): string {
  const paths = entry.changes.map(({ path }) => path).join(" ");
  const what = paths === "" ? entry.type : `${entry.type} ${paths}`;
  const why = entry.reason === undefined ? "" : `\n      ${styled("dim", entry.reason)}`;
  const version = styled("yellow", String(entry.version).padStart(4));
  return `${version}  ${entry.recorded_at}  ${entry.actor.padEnd(10)}  ${what}${why}`;
}

/** The state, now or then. */
export function show(bucket: string, flags: LookFlags & { readonly asOf?: string }): Promise<void> {
  return onFile(flags, async (buckets) => {
    const read = await buckets.get(bucket, { asOf: flags.asOf });
    print(JSON.stringify(read.bucket, null, flags.json ? undefined : 2));
  });
}

/** Each event and the document after it, folded from the log. */
export function replay(
  bucket: string,
  flags: LookFlags & { readonly from?: string; readonly to?: string },
): Promise<void> {
  return onFile(flags, async (buckets) => {
    for await (const line of buckets.replay(bucket, { from: flags.from, to: flags.to })) {
      print(JSON.stringify(line));
    }
  });
}
