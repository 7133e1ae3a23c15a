/** The commands that copy a whole store, and make one of a copy. */
import { readFileSync } from "node:fs";
import { BucketsError } from "../domain/errors.js";
import { type BackupProgress, openBuckets, restoreBackup } from "../index.js";
import { jsonLine, line } from "./line.js";
import { heldLine } from "./log-file.js";
import { existingFileOf, openForReading, type StoreFlags } from "./store.js";
import type { Terminal } from "./terminal.js";

interface PassphraseFlags {
  readonly passphraseFile?: string;
}

interface BackupFlags extends StoreFlags, PassphraseFlags {
  readonly update: boolean;
  readonly link: boolean;
  readonly verify: boolean;
  readonly withKeys: boolean;
  readonly json: boolean;
}

/** Beside a server that holds the file, or on one. */
export async function backup(terminal: Terminal, to: string, flags: BackupFlags): Promise<void> {
  const { update, link, verify } = flags;
  const onProgress = printingOf(terminal);
  const passphrase = flags.withKeys ? requirePassphrase(terminal, flags) : undefined;
  if (flags.url !== undefined && (link || !verify || passphrase !== undefined)) {
    throw new BucketsError(
      "BAD_REQUEST",
      "--link, --no-verify and --with-keys are for a file of this machine, and not with --url.",
    );
  }
  const report =
    flags.url === undefined
      ? await ofFile(terminal, flags, (store) =>
          store.backup(terminal.path(to), { update, link, verify, passphrase, onProgress }),
        )
      : await ofServer(terminal, flags, (store) => store.backup(to, { update, onProgress }));
  terminal.endProgress();
  if (flags.json) return terminal.print(jsonLine(report));
  const { position, bytes, blobs, path, hash } = report;
  terminal.print(
    line`${path} has the log up to position ${position}, ${bytes} bytes, and ${blobs.count} blobs, ${blobs.bytes} bytes`,
  );
  terminal.print(line`head ${position}:${hash}`);
  if (report.keys === "excluded") {
    terminal.print(
      line`The keys are not in it: keep ${flags.file}.key and ${flags.file}.sign elsewhere, or use --with-keys.`,
    );
  }
}

async function ofFile<T>(
  terminal: Terminal,
  flags: BackupFlags,
  work: (store: Awaited<ReturnType<typeof openBuckets>>) => Promise<T>,
): Promise<T> {
  await using store = await openBuckets({ ...existingFileOf(terminal, flags), readOnly: true });
  return await work(store);
}

async function ofServer<T>(
  terminal: Terminal,
  flags: BackupFlags,
  work: (store: Awaited<ReturnType<typeof openForReading>>) => Promise<T>,
): Promise<T> {
  await using store = await openForReading(terminal, flags);
  return await work(store);
}

interface RestoreFlags extends PassphraseFlags {
  readonly at?: string;
  readonly key?: readonly string[];
  readonly erasures?: string;
  readonly resumeTimers: boolean;
  readonly json: boolean;
}

export async function restore(
  terminal: Terminal,
  from: string,
  file: string,
  flags: RestoreFlags,
): Promise<void> {
  const { at, key: keys, erasures, resumeTimers } = flags;
  const passphrase =
    flags.passphraseFile === undefined ? undefined : requirePassphrase(terminal, flags);
  const report = await restoreBackup(terminal.path(from), terminal.path(file), {
    at,
    keys,
    erasures: erasures === undefined ? undefined : terminal.path(erasures),
    passphrase,
    resumeTimers,
    onProgress: printingOf(terminal),
  });
  terminal.endProgress();
  if (flags.json) return terminal.print(jsonLine(report));
  const { position, hash, blobs } = report;
  terminal.print(
    line`${file} has the log up to position ${position}, and it verifies; ${blobs.count} blobs, ${blobs.bytes} bytes`,
  );
  terminal.print(line`head ${position}:${hash}`);
  if (!resumeTimers) terminal.print(heldLine);
  if (!report.is_trusted) {
    terminal.print(
      line`Signed by ${report.signed_by}, a key that came with the backup: compare it with one that you noted (--key).`,
    );
  }
  if (report.keys !== "restored") {
    const where =
      report.keys === "sealed" ? "are sealed in it (--passphrase-file)" : "are not in it";
    terminal.print(line`The keys ${where}: bring them to ${file}.key and ${file}.sign.`);
  }
  if (report.lost_secrets > 0) {
    terminal.print(
      line`${report.lost_secrets} secrets of then are gone: set them again, they are masked in answers.`,
    );
  }
}

/** How far it is, in what the step counts. */
function printingOf(terminal: Terminal): (progress: BackupProgress) => void {
  return ({ step, done, total }) => {
    switch (step) {
      case "database":
        return terminal.printOver(line`copying ${mebibytes(done)} of ${mebibytes(total)} MiB`);
      case "blobs":
        return terminal.printOver(line`blobs ${done} of ${total}`);
      case "verify":
        return terminal.printOver(line`verifying ${done} of ${total} events`);
    }
  };
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}

/** The first line of the file. */
function requirePassphrase(terminal: Terminal, { passphraseFile }: PassphraseFlags): string {
  if (passphraseFile === undefined) {
    throw new BucketsError("BAD_REQUEST", "--with-keys needs --passphrase-file <file>.");
  }
  try {
    return readFileSync(terminal.path(passphraseFile), "utf8").split(/\r?\n/, 1).join("");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BucketsError("BAD_REQUEST", `The passphrase cannot be read: ${why}`, {}, error);
  }
}
