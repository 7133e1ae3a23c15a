/** The README is true: every command in it runs here as it stands, and prints what it says. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "dist/cli/main.js");

interface Block {
  readonly language: string;
  readonly text: string;
}

const blocks: Block[] = Array.from(
  readFileSync(join(root, "README.md"), "utf8").matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm),
  ([, language = "", text = ""]) => ({ language, text: text.trimEnd() }),
);

/** Commands that set up a machine; `.ci/run` runs each of them on a fresh clone. */
const setUp = [
  "npm ci && npm run demo",
  "npm ci && npm test",
  "npm ci && npm pack && npm install --prefix ~/my-app ./bucketlog-0.1.0.tgz",
];

let folder = "";
let server: ChildProcess | undefined;
let url = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bucketlog-readme-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "bucketlog"));
});

afterAll(async () => {
  if (server !== undefined) {
    const ended = new Promise((resolve) => server?.once("exit", resolve));
    server.kill("SIGTERM");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a script as a user's shell would, with `npx bucketlog` being the one that was built. */
async function run(script: string): Promise<string> {
  const shell = spawn(
    "bash",
    ["-euo", "pipefail", "-c", `npx() { shift; node "${bin}" "$@"; }\n${script}`],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let output = "";
  shell.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const code = await new Promise((resolve) => shell.once("close", resolve));
  expect(code, script).toBe(0);
  return output;
}

/** Output as it is whenever it is printed. */
function timeless(output: string): string {
  return output.trimEnd().replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "NOW");
}

async function startServer(script: string): Promise<string> {
  const command = script.replace(/ &$/, "").replace("npx bucketlog", `exec node "${bin}"`);
  const child = spawn("bash", ["-c", command], {
    cwd: folder,
    env: { ...process.env, BUCKETLOG_PORT: "0" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  server = child;
  return await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error("the server ended before it was ready")));
    child.stdout.setEncoding("utf8").once("data", (line: string) => resolve(line.trim()));
  });
}

describe("the README", () => {
  for (const [index, block] of blocks.entries()) {
    const expected = blocks[index + 1];
    if (block.language === "sh" && !setUp.includes(block.text)) {
      test(`runs: ${block.text.split("\n")[0]}`, async () => {
        if (block.text.endsWith("&")) {
          const line = await startServer(block.text);
          url = line.replace("bucketlog ready ", "");
          expect(line.replace(/:\d+$/, ":8787")).toBe(expected?.text);
          return;
        }
        const output = await run(block.text.replaceAll("http://127.0.0.1:8787", url));
        if (expected?.language === "text") expect(timeless(output)).toBe(timeless(expected.text));
        if (expected?.language !== "json") return;
        expect(JSON.parse(output)).toMatchObject(JSON.parse(expected.text));
      });
    }
    if (block.language === "ts") {
      test("runs the example of the library", async () => {
        writeFileSync(join(folder, "example.mjs"), block.text);
        expect((await run("node example.mjs")).trim()).toBe(expected?.text);
      });
    }
  }

  test("shows what the demo prints", async () => {
    const expected = blocks[1]?.text ?? "";
    const output = await run(`node "${bin}" demo --once --port 0`);
    const printed = output
      .replace(/:\d+\/(v1|ui)/g, ":8787/$1")
      .split("\n")
      .map((line) => line.trim());
    for (const line of expected.split("\n")) expect(printed).toContain(line.trim());
  });

  test("names no command that is not run", () => {
    for (const command of setUp) expect(blocks.map(({ text }) => text)).toContain(command);
    const languages = new Set(blocks.map(({ language }) => language));
    expect([...languages].sort()).toEqual(["json", "sh", "text", "ts"]);
  });
});
