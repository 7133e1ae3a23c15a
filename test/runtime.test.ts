import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { assertRuntime, runtimeFault } from "../src/runtime.js";
import { bucketlogProcess, makeFile, temporaryFolder } from "./support/cli.js";

describe("the Node that this runs on", () => {
  test.each(["18.20.8", "20.20.2", "21.7.3", "22.11.0"])("%s is too old", (version) => {
    expect(() => assertRuntime(version)).toThrow(
      expect.objectContaining({ code: "RUNTIME_UNSUPPORTED", details: { node: version } }),
    );
  });

  test("says in one line what is wrong and what to do", () => {
    expect(runtimeFault("20.20.2")).toBe(
      "bucketlog needs Node 22.12 or newer, and this is 20.20.2: run `npm install node@24` in " +
        "your project, whose `npx` and `npm run` use that one from then on.",
    );
  });

  test.each(["22.12.0", "24.21.0", "26.10.0", "100.0.0"])("%s will do", (version) => {
    expect(runtimeFault(version)).toBeUndefined();
  });

  test("is what package.json asks for", () => {
    const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
    expect(JSON.parse(manifest).engines.node).toBe(">=22.12");
    expect(runtimeFault("22.12.0")).toBeUndefined();
    expect(runtimeFault("22.11.99")).toContain("22.12 or newer");
  });
});

describe("a native binding that does not load", () => {
  const broken = join(import.meta.dirname, "support", "broken-binding.cjs");

  test("is told as that, not as a file that is invalid", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    const { code, err } = await bucketlogProcess(folder, ["verify", "buckets.db"], {
      NODE_OPTIONS: `--require=${broken}`,
    });
    expect(code).toBe(1);
    expect(err).toBe(
      "error [RUNTIME_UNSUPPORTED]: The native binding of SQLite does not load (it was made for " +
        "another machine): install better-sqlite3 anew on this machine.\n",
    );
  });

  test("is found by doctor, also where there is no file yet", async () => {
    const folder = temporaryFolder();
    const { code, out } = await bucketlogProcess(folder, ["doctor", "--json"], {
      NODE_OPTIONS: `--require=${broken}`,
    });
    expect(code).toBe(1);
    const findings = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(findings).toContainEqual({
      name: "sqlite",
      ok: false,
      says: expect.stringContaining("does not load"),
    });
  });
});
