/** Runs the scripts of pages as a user's shell would. */
import { spawn } from "node:child_process";

interface Place {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The built command line: what `npx bucketlog` is there. */
  readonly bin?: string;
}

/** The first failing command ends it; what it says on standard error is shown. */
export function runScript(
  script: string,
  { bin, ...place }: Place = {},
): Promise<{ readonly code: number | null; readonly out: string }> {
  const npx = bin === undefined ? "" : `npx() { shift; "${process.execPath}" "${bin}" "$@"; }\n`;
  const shell = spawn("bash", ["-euo", "pipefail", "-c", `${npx}${script}`], {
    ...place,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  shell.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  return new Promise((resolve) => shell.once("close", (code) => resolve({ code, out })));
}
