/** The commands that look: `log`, `show`, `diff`, `blame`, `replay`. They leave no trace. */
import { diffFields } from "../domain/diff-formats.js";
import type { HistoryEntry } from "../index.js";
import { changeLine, print, printJson, styled } from "./output.js";
import { entriesOf, parseSpan, type SpanFlags } from "./span.js";
import { reading, type StoreFlags } from "./store.js";

export interface LookFlags extends StoreFlags {
  readonly json: boolean;
}

export interface LogFlags extends LookFlags, SpanFlags {
  readonly limit: number;
  readonly actor?: string;
}

/** Changes, newest first. */
export function log(bucket: string, flags: LogFlags): Promise<void> {
  const { actor, limit } = flags;
  const query = { order: "desc", actor, span: parseSpan(flags), pageSize: limit } as const;
  return reading(flags, async (buckets) => {
    let left = limit;
    for await (const entry of entriesOf(buckets, bucket, query)) {
      print(flags.json ? JSON.stringify(entry) : logLine(entry));
      left -= 1;
      if (left === 0) return;
    }
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
  return reading(flags, async (buckets) => {
    const read = await buckets.get(bucket, { asOf: flags.asOf });
    printJson(read.bucket, flags);
  });
}

/** What changed between two points; the second is now unless given. */
export function diff(
  bucket: string,
  from: string,
  to: string | undefined,
  flags: LookFlags,
): Promise<void> {
  return reading(flags, async (buckets) => {
    const fields = diffFields.parse(await buckets.diff(bucket, { from, to, format: "fields" }));
    if (flags.json) printJson(fields, flags);
    else if (fields.length === 0) print("no difference");
    else for (const field of fields) print(changeLine(field));
  });
}

/** Who last set each field. */
export function blame(bucket: string, flags: LookFlags & { readonly path?: string }) {
  return reading(flags, async (buckets) => {
    const blamed = await buckets.blame(bucket, { path: flags.path });
    if (flags.json) {
      printJson(blamed, flags);
      return;
    }
    const width = Math.max(...Object.keys(blamed).map(({ length }) => length));
    for (const [path, { version, recorded_at: at, actor, reason }] of Object.entries(blamed)) {
      const number = styled("yellow", String(version).padStart(4));
      const who = `${number}  ${at}  ${actor.padEnd(10)}  ${path.padEnd(width)}`;
      print(`${who}  ${styled("dim", reason ?? "")}`.trimEnd());
    }
  });
}

/** Each event and the document after it, folded from the log. */
export function replay(
  bucket: string,
  flags: LookFlags & { readonly from?: string; readonly to?: string },
): Promise<void> {
  return reading(flags, async (buckets) => {
    for await (const line of buckets.replay(bucket, { from: flags.from, to: flags.to })) {
      print(JSON.stringify(line));
    }
  });
}
