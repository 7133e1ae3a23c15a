/** `bucketlog doctor`: what is well and what is not, with one fix for each fault. */
import { existsSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { isBucketsError } from "../domain/errors.js";
import { openBuckets } from "../index.js";
import { checkSecretKey } from "../secret-keys.js";
import { exitCodes, print, styled } from "./output.js";

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly says: string;
}

const freeBytesMin = 256 * 1024 * 1024;

/** @returns the exit code: 1 when something is not well. */
export async function doctor(file: string, flags: { readonly json: boolean }): Promise<number> {
  const findings = [
    checkNode(),
    await checkDisk(file),
    await checkFile(file),
    checkKey(file),
    await checkSecrets(file),
  ];
  for (const finding of findings) {
    const mark = finding.ok ? styled("green", "✓") : styled("red", "✗");
    print(flags.json ? JSON.stringify(finding) : `${mark} ${finding.name}: ${finding.says}`);
  }
  return findings.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.failed;
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  const says = ok ? process.version : `${process.version} is too old: use Node 20.19 or newer`;
  return { name: "node", ok, says };
}

async function checkDisk(file: string): Promise<Finding> {
  const folder = dirname(resolve(file));
  if (!existsSync(folder)) {
    return { name: "disk", ok: false, says: `there is no folder ${folder}: make it` };
  }
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const mebibytes = `${Math.floor(free / 1024 / 1024)} MiB free`;
  const ok = free >= freeBytesMin;
  return { name: "disk", ok, says: ok ? mebibytes : `${mebibytes}: make room` };
}

async function checkFile(file: string): Promise<Finding> {
  if (!existsSync(file)) {
    return { name: "file", ok: true, says: `${file} is not there yet; serve makes it` };
  }
  try {
    await using store = await openBuckets({ file, readOnly: true });
    const report = await store.verify();
    const says = report.ok
      ? `${file} holds ${report.events} events, and they verify`
      : `${file} was altered at position ${report.fault?.position}: ${report.fault?.problem}; restore a backup`;
    return { name: "file", ok: report.ok, says };
  } catch (error) {
    if (!isBucketsError(error)) throw error;
    return { name: "file", ok: false, says: error.message };
  }
}

/** Where the key of the secrets is, and whether others can read it. */
function checkKey(file: string): Finding {
  const name = "secret key";
  if (process.env["BUCKETLOG_SECRET_KEY"] !== undefined) {
    return { name, ok: true, says: "from BUCKETLOG_SECRET_KEY" };
  }
  const keyFile = `${file}.key`;
  if (!existsSync(keyFile)) {
    return { name, ok: true, says: `${keyFile} is made with the first secret` };
  }
  const ok = (statSync(keyFile).mode & 0o077) === 0;
  const fix = `others can read ${keyFile}: chmod 600 ${keyFile}`;
  return { name, ok, says: ok ? `${keyFile}; back it up with the database` : fix };
}

/** Whether the key opens what is sealed with it. */
async function checkSecrets(file: string): Promise<Finding> {
  const name = "secrets";
  if (!existsSync(file)) return { name, ok: true, says: "none are stored yet" };
  try {
    const secretKey = process.env["BUCKETLOG_SECRET_KEY"];
    const { stored, opened } = await checkSecretKey({ file, secretKey });
    if (stored === opened) return { name, ok: true, says: `the key opens all ${stored}` };
    const fix = "start with the key that they were sealed with, or set them again";
    return { name, ok: false, says: `the key opens ${opened} of ${stored}: ${fix}` };
  } catch (error) {
    if (!isBucketsError(error)) throw error;
    return { name, ok: false, says: error.message };
  }
}
