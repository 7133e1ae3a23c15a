/**
 * The README and the pages beside the code are true: every command in them runs here as it stands, and
 * prints what it says. A page goes on from where the README ends. In `npm test` the README alone is walked.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isDeep } from "./support/depth.js";
import { type Block, bin, blocksOf, root, timeless, Walk } from "./support/walk.js";

/** Commands that set up a machine; `.ci/run` runs each of them on a fresh clone. */
const setUp = [
  "npm ci && npm run demo",
  "npm ci && npm test",
  "npm ci && npm pack && npm install --prefix ~/my-app ./bucketlog-0.1.0.tgz && cd ~/my-app",
];

/** Pages whose commands tests of their own run, with what they need around them. */
const ownTests = ["src/http/vendor.md", "src/proofs/README.md"];
/** How this is measured and tried: commands of minutes and hours, for who works on it. */
const instruments = ["test/bench/README.md", "test/torture/README.md", "test/torture/REPORT.md"];

const pages = ["src", "test", "migrations", "data"]
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) =>
      join(folder, name),
    ),
  )
  .filter((name) => name.endsWith(".md"))
  .sort();
const walked = pages.filter(
  (page) => ![...ownTests, ...instruments].includes(page) && blocksOf(page).some(isCommand),
);

function isCommand({ language, text }: Block): boolean {
  return (language === "sh" && !setUp.includes(text)) || language === "ts";
}

const begun = new Walk();
const readme = blocksOf("README.md").filter(isCommand);

/** Runs a block, and holds what it prints to what the page says. */
async function follow(walk: Walk, { language, text, says }: Block): Promise<void> {
  if (language === "ts") writeFileSync(join(walk.folder, "example.mjs"), text);
  const { code, out } = await walk.run(language === "ts" ? "node example.mjs" : text);
  expect(code, text).toBe(0);
  if (says?.language === "text") expect(timeless(out)).toBe(timeless(says.text));
  if (says?.language === "json") expect(JSON.parse(out)).toMatchObject(JSON.parse(says.text));
}

afterAll(() => begun[Symbol.asyncDispose]());

describe("the README", () => {
  for (const block of readme) {
    test(`runs: ${block.text.split("\n")[0]}`, () => follow(begun, block));
  }

  test("shows what the demo prints", async () => {
    const expected = blocksOf("README.md").find(({ text }) => text === setUp[0])?.says?.text ?? "";
    const { out } = await begun.run(`node "${bin}" demo --once --port 0`);
    const printed = out
      .replace(/:\d+\/(v1|ui)/g, ":8787/$1")
      .split("\n")
      .map((line) => line.trim());
    expect(expected).not.toBe("");
    for (const line of expected.split("\n")) expect(printed).toContain(line.trim());
  });

  test("names every command that sets up, has 200 lines at most, and no block of another kind", () => {
    const blocks = blocksOf("README.md");
    for (const command of setUp) expect(blocks.map(({ text }) => text)).toContain(command);
    expect(readFileSync(join(root, "README.md"), "utf8").split("\n").length).toBeLessThanOrEqual(
      201,
    );
    const languages = new Set(blocks.map(({ language }) => language));
    expect([...languages].sort()).toEqual(["json", "sh", "text", "ts"]);
  });
});

describe.runIf(isDeep).each(walked)("%s", (page) => {
  const ownWalk: { walk?: Walk } = {};
  beforeAll(async () => {
    await begun.stop();
    const walk = new Walk(begun);
    ownWalk.walk = walk;
    for (const { text } of readme) if (text.endsWith("&")) await walk.run(text);
  });
  afterAll(() => ownWalk.walk?.[Symbol.asyncDispose]());

  for (const block of blocksOf(page).filter(isCommand)) {
    test(`runs: ${block.text.split("\n")[0]}`, () => {
      if (ownWalk.walk === undefined) throw new Error("the page was not begun");
      return follow(ownWalk.walk, block);
    });
  }
});

test("every link of a page leads to a file that is there", () => {
  for (const page of ["README.md", ...pages]) {
    const text = readFileSync(join(root, page), "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");
    for (const [, link = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?:|#)/.test(link)) continue;
      const file = join(root, dirname(page), link.split("#")[0] ?? "");
      expect(() => readFileSync(file), `${page} → ${link}`).not.toThrow();
    }
  }
});
