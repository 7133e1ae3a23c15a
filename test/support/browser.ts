/**
 * A real browser for tests of the page: the one of the package, or another that `CHROMIUM_PATH`
 * names. Where there is none the tests are skipped, but never in CI.
 */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import bundled from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";

const manifest = new URL("../package.json", import.meta.resolve("@sparticuz/chromium"));
const { version } = JSON.parse(readFileSync(fileURLToPath(manifest), "utf8"));

// Its own defaults would switch web security off.
const args = ["--headless=shell", "--no-sandbox", "--no-zygote", "--disable-gpu"];

/** @returns undefined where there is no browser and it is not CI. */
export async function openBrowser(): Promise<Browser | undefined> {
  try {
    return await chromium.launch({ executablePath: await unpacked(), args });
  } catch (error) {
    if (process.env["CI"]) throw error;
    return undefined;
  }
}

/** Unpacked once for all tests of this machine, and whole as soon as it is there. */
async function unpacked(): Promise<string> {
  const { CHROMIUM_PATH: other } = process.env;
  if (other !== undefined) return other;
  const folder = join(tmpdir(), `bucketlog-chromium-${version}`);
  const path = join(folder, "chromium");
  if (existsSync(path)) return path;
  const scratch = mkdtempSync(join(tmpdir(), "bucketlog-chromium-"));
  const { TMPDIR: before } = process.env;
  try {
    bundled.setGraphicsMode = false;
    process.env["TMPDIR"] = scratch;
    await bundled.executablePath();
    renameSync(scratch, folder);
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true });
    // Another test was faster.
    if (!existsSync(path)) throw error;
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
  return path;
}
