/** `bucketlog doctor`: what is well and what is not, with one fix for each fault. */
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { checkAge, newestBackup } from "../copies/schedule.js";
import { isBucketsError } from "../domain/errors.js";
import { loadSqlite } from "../engines/sqlite/binding.js";
import { checkDisk } from "../engines/sqlite/disk-check.js";
import { findWide, narrow } from "../engines/sqlite/private-file.js";
import { type EmbeddedStore, openBuckets } from "../index.js";
import { Room } from "../room.js";
import { runtimeFault } from "../runtime.js";
import { checkSecretKey } from "../secret-keys.js";
import { readKeyFile } from "../service/keys/key-file.js";
import { describeScrub, fileScrubNotes } from "../service/scrub/notes.js";
import type { FileFlags } from "./keep.js";
import { jsonLine, line } from "./line.js";
import { exitCodeOf, exitCodes } from "./output.js";
import { fileOf } from "./store.js";
import type { Terminal } from "./terminal.js";

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly says: string;
  /** Whether the history is not what was written. */
  readonly isAltered?: boolean;
}

/** The file that is looked at, as it was named and where it is. */
interface Place {
  readonly name: string;
  readonly file: string;
  readonly secretKey?: string;
}

interface DoctorFlags extends FileFlags {
  readonly repairModes: boolean;
  readonly backupTo?: string;
  readonly backupEvery: number;
}

/** @returns the exit code: 4 when the history is not what was written, 1 when something else is not well. */
export async function doctor(terminal: Terminal, flags: DoctorFlags): Promise<number> {
  const place = { ...fileOf(terminal, flags), name: flags.file };
  const findings = [
    checkNode(),
    checkSqlite(),
    checkRoom(place),
    ...(await checkFile(place)),
    checkModes(place, flags.repairModes),
    checkKey(place),
    await checkSecrets(place),
    ...checkScrub(place),
    ...checkBackups(terminal, flags),
  ];
  for (const finding of findings) {
    const mark = finding.ok ? terminal.styled("green", "✓") : terminal.styled("red", "✗");
    const { isAltered: _, ...told } = finding;
    terminal.print(flags.json ? jsonLine(told) : line`${mark} ${finding.name}: ${finding.says}`);
  }
  if (findings.every(({ ok }) => ok)) return exitCodes.ok;
  return findings.some(({ isAltered }) => isAltered) ? exitCodes.verification : exitCodes.failed;
}

function checkNode(): Finding {
  const fault = runtimeFault(process.versions.node);
  return { name: "node", ok: fault === undefined, says: fault ?? process.version };
}

function checkSqlite(): Finding {
  const name = "sqlite";
  try {
    return { name, ok: true, says: `${loadSqlite()}, and its native binding loads` };
  } catch (error) {
    if (!isBucketsError(error)) throw error;
    return { name, ok: false, says: error.message };
  }
}

function checkRoom({ file }: Place): Finding {
  const folder = dirname(file);
  if (!existsSync(folder)) {
    return { name: "disk", ok: false, says: `there is no folder ${folder}: make it` };
  }
  const { name, status, says } = checkDisk(new Room({ file }), false);
  return { name, ok: status === "pass", says };
}

async function checkFile({ file, name }: Place): Promise<readonly Finding[]> {
  if (!existsSync(file)) {
    return [{ name: "file", ok: true, says: `${name} is not there yet; serve makes it` }];
  }
  try {
    await using store = await openBuckets({ file, readOnly: true });
    const report = await store.verify();
    const says = report.ok
      ? `${name} holds ${report.events} events, and they verify`
      : `${name} was altered at position ${report.fault?.position}: ${report.fault?.problem}; restore a backup`;
    const found = { name: "file", ok: report.ok, says, isAltered: !report.ok };
    return [found, ...(await checkHealth(store))];
  } catch (error) {
    if (!isBucketsError(error)) throw error;
    const isAltered = exitCodeOf(error.code) === exitCodes.verification;
    return [{ name: "file", ok: false, says: error.message, isAltered }];
  }
}

/** Whether the log contains what it has signed, was recorded by the clock of now, and is no copy. */
async function checkHealth(store: EmbeddedStore<unknown>): Promise<readonly Finding[]> {
  const { checks } = await store.health();
  return checks
    .filter(({ name }) => name === "proofs" || name === "clock" || name === "timers")
    .map(({ name, status, says }) => ({
      name,
      ok: status === "pass",
      says,
      isAltered: name === "proofs" && status !== "pass",
    }));
}

/** How far a server was that goes through all of it, if one does. */
function checkScrub({ file }: Place): readonly Finding[] {
  const note = fileScrubNotes(file).read();
  if (note === undefined) return [];
  const says = describeScrub(note);
  if (note.found === null) return [{ name: "scrub", ok: true, says }];
  return [{ name: "scrub", ok: false, says: `${note.found} (${says})` }];
}

/** How old the newest backup is, where it is said where they are. */
function checkBackups(terminal: Terminal, flags: DoctorFlags): readonly Finding[] {
  if (flags.backupTo === undefined) return [];
  const newest = newestBackup(terminal.path(flags.backupTo));
  const { name, status, says } = checkAge(newest, Date.now(), flags.backupEvery);
  return [{ name, ok: status === "pass", says }];
}

/** Where the key of the secrets is, and whether others can read it. */
function checkKey(place: Place): Finding {
  const name = "secret key";
  if (place.secretKey !== undefined) {
    return { name, ok: true, says: "from BUCKETLOG_SECRET_KEY" };
  }
  const keyFile = `${place.name}.key`;
  try {
    if (readKeyFile(`${place.file}.key`) === undefined) {
      return { name, ok: true, says: `there is no ${keyFile}; it is made when it is needed first` };
    }
  } catch (error) {
    if (!isBucketsError(error)) throw error;
    return { name, ok: false, says: error.message };
  }
  const ok = (statSync(`${place.file}.key`).mode & 0o077) === 0;
  const fix = `others can read ${keyFile}: chmod 600 ${keyFile}`;
  return { name, ok, says: ok ? `${keyFile}; back it up with the database` : fix };
}

/** Whether others can read what belongs to the store. */
function checkModes({ file, name: shown }: Place, repairs: boolean): Finding {
  const name = "modes";
  const wide = findWide(file);
  const names = wide.map((path) => path.replace(file, shown)).join(", ");
  if (wide.length === 0) return { name, ok: true, says: "the files are their owner's alone" };
  if (!repairs) {
    const says = `others can read or write ${names}: bucketlog doctor --repair-modes mends that`;
    return { name, ok: false, says };
  }
  for (const path of wide) narrow(path);
  return { name, ok: true, says: `${names} are their owner's alone now` };
}

/** Whether the key opens what is sealed with it. */
async function checkSecrets({ file, secretKey }: Place): Promise<Finding> {
  const name = "secrets";
  if (!existsSync(file)) return { name, ok: true, says: "none are stored yet" };
  try {
    const { stored, opened, otherKeys } = await checkSecretKey({ file, secretKey });
    if (stored === 0) return { name, ok: true, says: "none are stored yet" };
    if (stored === opened) return { name, ok: true, says: `the key opens all ${stored}` };
    const whose = otherKeys.length === 0 ? "" : `, others are of ${otherKeys.join(", ")}`;
    const fix = "start with the key that they were sealed with, or set them again";
    return { name, ok: false, says: `the key opens ${opened} of ${stored}${whose}: ${fix}` };
  } catch (error) {
    if (!isBucketsError(error)) throw error;
    return { name, ok: false, says: error.message };
  }
}
