/** The commands that keep a file sound: `verify` and `rebuild`. */
import { BucketsError } from "../domain/errors.js";
import { openBuckets, type VerifyReport } from "../index.js";
import { endProgress, exitCodes, print, printProgress } from "./output.js";

/**
 * Checks the log and the view, beside a server if one runs.
 * @returns the exit code: 4 when something was altered.
 */
export async function verify(
  file: string,
  flags: { readonly expect?: string; readonly content: boolean; readonly json: boolean },
): Promise<number> {
  await using store = await openBuckets({ file, readOnly: true });
  const expected = flags.expect === undefined ? undefined : parseHead(flags.expect);
  const blobs = flags.content ? "content" : "existence";
  const report = await store.verify({ onProgress: printProgress, expected, blobs });
  endProgress();
  const { head, fault } = report;
  if (flags.json) print(JSON.stringify(report));
  else if (fault === undefined) {
    print(`ok: ${report.events} events, the chain holds, and the view is their fold`);
    print(toldOf(report));
    print(`head ${head.position}:${head.hash}`);
    print("Note the head elsewhere: only against it can a cut-off end be proved (--expect).");
  } else {
    print(`FAULT at position ${fault.position}: ${fault.problem}`);
  }
  return report.ok ? exitCodes.ok : exitCodes.verification;
}

function toldOf({ blobs }: VerifyReport): string {
  const { check = "existence", checked = 0 } = blobs ?? {};
  const hint = "their content was not read (--content)";
  return `blobs: ${checked} are there${check === "content" ? " and intact" : `; ${hint}`}`;
}

/** A head as `verify` prints it: `POSITION:HASH`. */
function parseHead(text: string): { position: number; hash: string } {
  const match = /^([1-9][0-9]*):([0-9a-f]{64})$/.exec(text);
  if (match?.[1] !== undefined && match[2] !== undefined) {
    return { position: Number(match[1]), hash: match[2] };
  }
  throw new BucketsError(
    "BAD_REQUEST",
    "--expect takes a head as verify prints it: POSITION:HASH.",
  );
}

/** Folds the view anew from the log. */
export async function rebuild(file: string, flags: { readonly json: boolean }): Promise<void> {
  await using store = await openBuckets({ file });
  const report = await store.rebuild({ onProgress: printProgress });
  endProgress();
  print(
    flags.json
      ? JSON.stringify(report)
      : `rebuilt: ${report.replayed} events, ${report.rows} rows, ${report.differences} differed`,
  );
}
