/** The commands that keep a file sound: `verify` and `rebuild`. */
import { BucketsError } from "../domain/errors.js";
import { openBuckets, type VerifyReport } from "../index.js";
import { toldOfRotation } from "./key-rotation.js";
import { jsonLine, type Line, line } from "./line.js";
import { exitCodes } from "./output.js";
import { type CheckpointFlags, readExpected } from "./proofs.js";
import { existingFileOf, tellsUpgrade } from "./store.js";
import type { Terminal } from "./terminal.js";

type Fault = NonNullable<VerifyReport["fault"]>;

export interface FileFlags {
  readonly file: string;
  readonly json: boolean;
}

/**
 * Checks the log and the view, beside a server if one runs.
 * @returns the exit code: 4 when something was altered.
 */
export async function verify(
  terminal: Terminal,
  flags: FileFlags & CheckpointFlags & { readonly expect?: string; readonly content: boolean },
): Promise<number> {
  const checkpoint = readExpected(terminal, flags);
  await using store = await openBuckets({ ...existingFileOf(terminal, flags), readOnly: true });
  const expected = flags.expect === undefined ? undefined : parseHead(flags.expect);
  const blobs = flags.content ? "content" : "existence";
  const onProgress = terminal.printProgress;
  const report = await store.verify({ onProgress, expected, checkpoint, blobs });
  terminal.endProgress();
  const { head, fault } = report;
  if (flags.json) terminal.print(jsonLine(report));
  else if (fault === undefined) {
    terminal.print(line`ok: ${report.events} events, the chain holds, and the view is their fold`);
    terminal.print(toldOf(report));
    for (const what of report.not_checked ?? []) terminal.print(line`not checked: ${what}`);
    if (checkpoint !== undefined) {
      terminal.print(
        line`checkpoint: the log goes on from the ${checkpoint.size} events that it signed`,
      );
      const { key_rotations: rotations } = await store.proofs.log();
      for (const rotation of rotations) {
        if (flags.key?.includes(rotation.old_vkey)) terminal.print(toldOfRotation(rotation));
      }
    }
    terminal.print(line`head ${head.position}:${head.hash}`);
    terminal.print(
      line`Note the head elsewhere: only against it can a cut-off end be proved (--expect).`,
    );
  } else {
    for (const { position, problem } of faultsOf(fault, report.unreadable)) {
      terminal.print(line`FAULT at position ${position}: ${problem}`);
    }
  }
  return report.ok ? exitCodes.ok : exitCodes.verification;
}

/** The first one, and every event beside it that cannot be read. */
function faultsOf(first: Fault, unreadable: readonly Fault[] = []): readonly Fault[] {
  return [first, ...unreadable.filter(({ position }) => position !== first.position)];
}

function toldOf({ blobs }: VerifyReport): Line {
  const { check = "existence", checked = 0 } = blobs ?? {};
  return line`blobs: ${checked} are there${check === "content" ? " and intact" : ""}`;
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
export async function rebuild(terminal: Terminal, flags: FileFlags): Promise<void> {
  await using store = await openBuckets({
    ...existingFileOf(terminal, flags),
    ...tellsUpgrade(terminal),
  });
  const report = await store.rebuild({ onProgress: terminal.printProgress });
  terminal.endProgress();
  terminal.print(
    flags.json
      ? jsonLine(report)
      : line`rebuilt: ${report.replayed} events, ${report.rows} rows, ${report.differences} differed`,
  );
}
