/** Text of others is shown, and does nothing to the terminal, whatever command prints it. */
import { describe, expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import { bucketlog, temporaryFolder } from "../support/cli.js";

/** Clears the screen; goes back to the begin of the line; a line of its own; turns the direction. */
const hostile = "\u001b[2J\u009b31m\r\u0007\nversion 9  forged\u202egpj\u2028\u007f";
const shown = String.raw`\u001b[2J\u009b31m\r\u0007\nversion 9  forged\u202egpj\u2028\u007f`;
const drives = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

async function hostileFile(folder: string): Promise<string> {
  const file = `${folder}/buckets.db`;
  await using store = await openBuckets({ file, actor: "ana" });
  const { buckets } = store.namespace();
  const body = { bucket_name: "videos", bucket_schema: { properties: {} } };
  await buckets.create({ ...body, metadata: { [hostile]: hostile } }, { reason: hostile });
  await buckets.patch("videos", { description: hostile }, { reason: hostile });
  return file;
}

describe("text of others", () => {
  test.for([
    ["log", "videos"],
    ["log", "videos", "--json"],
    ["show", "videos"],
    ["show", "videos", "--json"],
    ["diff", "videos", "1"],
    ["diff", "videos", "1", "--json"],
    ["blame", "videos"],
    ["blame", "videos", "--json"],
    ["replay", "videos"],
    ["tail", "--once"],
    ["tail", "--once", "--json"],
    ["export", "videos"],
    ["patch", "videos", JSON.stringify({ metadata: { [hostile]: 1 } }), "--dry-run"],
    ["revert", "videos", "1", "--dry-run"],
    ["revert", "videos", "1", "--dry-run", "--json"],
  ])("drives no terminal: %s %s %s", async (args) => {
    const folder = temporaryFolder();
    await hostileFile(folder);
    const ran = await bucketlog(folder, args);
    expect(ran).toMatchObject({ code: 0 });
    const lines = `${ran.out}${ran.err}`.split("\n");
    for (const line of lines) expect(line).not.toMatch(drives);
    expect(lines.some((line) => line.startsWith("version 9"))).toBe(false);
    expect(ran.out).toContain("\\u202egpj");
  });

  test.for([
    ["show", hostile],
    ["show", "videos", "--as-of", hostile],
    ["show", "videos", "--namespace", hostile],
    ["show", "videos", `--${hostile}`],
    [hostile],
    ["show", "videos", "--file", hostile],
    ["verify", hostile],
    ["patch", "videos", "{}", "--type", hostile],
    ["blame", "videos", "--path", hostile],
  ])("in an error drives none either: %j %j %j", async (args) => {
    const folder = temporaryFolder();
    await hostileFile(folder);
    const ran = await bucketlog(folder, args);
    expect(ran.code).toBeGreaterThan(0);
    expect(ran.err).not.toBe("");
    for (const line of ran.err.split("\n")) expect(line).not.toMatch(drives);
    expect(ran.err).not.toMatch(/^version 9/m);
  });

  test("is the same text in JSON, and is shown where it is printed for people", async () => {
    const folder = temporaryFolder();
    await hostileFile(folder);
    const json = await bucketlog(folder, ["show", "videos", "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({ metadata: { [hostile]: hostile } });
    expect((await bucketlog(folder, ["log", "videos"])).out).toContain(`      ${shown}\n`);
  });
});
