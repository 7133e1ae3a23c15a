/** Pages that are true: the commands of a page run as they stand, in a folder, and print what the page says. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runScript } from "./shell.js";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const bin = join(root, "dist/cli/main.js");

/** A piece of a page between fences. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** What comes next is what it prints, if that is `text` or `json`. */
  readonly says: Block | undefined;
}

export function blocksOf(page: string): readonly Block[] {
  const found = Array.from(
    readFileSync(join(root, page), "utf8").matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm),
    ([, language = "", text = ""]) => ({ language, text: text.trimEnd() }),
  );
  return found.map((block, index) => ({ ...block, says: printedBy(found[index + 1]) }));
}

function printedBy(next: Omit<Block, "says"> | undefined): Block | undefined {
  if (next?.language !== "text" && next?.language !== "json") return undefined;
  return { ...next, says: undefined };
}

/** Output as it is whenever it is printed. */
export function timeless(output: string): string {
  return output.trimEnd().replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "NOW");
}

/** A folder in which a user follows a page: `npx bucketlog` is what was built, and a server may run. */
export class Walk {
  readonly folder = mkdtempSync(join(tmpdir(), "bucketlog-page-"));
  #server: ChildProcess | undefined;
  #url = "";

  /** Goes on from what another walk, which has ended, left in its folder. */
  constructor(before?: Walk) {
    if (before !== undefined) cpSync(before.folder, this.folder, { recursive: true });
    mkdirSync(join(this.folder, "node_modules"), { recursive: true });
    const own = join(this.folder, "node_modules", "bucketlog");
    rmSync(own, { force: true });
    symlinkSync(root, own);
  }

  /** Runs a script as a user's shell would; one that ends in `&` starts the server. */
  async run(script: string): Promise<{ readonly code: number | null; readonly out: string }> {
    if (script.endsWith("&")) return { code: 0, out: await this.#serve(script) };
    const here = script.replaceAll("http://127.0.0.1:8787", this.#url);
    return runScript(here, { cwd: this.folder, bin });
  }

  /** On a free port; what it says it listens on is told as the port of the page. */
  async #serve(script: string): Promise<string> {
    const started = script
      .replace(/ &$/, "")
      .replace("npx bucketlog", `exec "${process.execPath}" "${bin}"`);
    const child = spawn("bash", ["-c", started], {
      cwd: this.folder,
      // Whether a busy machine is quick enough for a read is not what a page tells of.
      env: { ...process.env, BUCKETLOG_PORT: "0", BUCKETLOG_READ_TIMEOUT: "240" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#server = child;
    const line = await new Promise<string>((resolve, reject) => {
      child.once("exit", () => reject(new Error("the server ended before it was ready")));
      child.stdout.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()));
    });
    this.#url = line.replace("bucketlog ready ", "");
    return line.replace(/:\d+$/, ":8787");
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGTERM");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
