/** Completion scripts: each knows every command and option, and bash runs its own. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bucketlog, temporaryFolder } from "../support/cli.js";

const hasShell = (shell: string) => spawnSync(shell, ["--version"]).status === 0;

test("of an unknown shell is wrong usage", async () => {
  const ran = await bucketlog(temporaryFolder(), ["completion", "tcsh"]);
  expect(ran).toMatchObject({ code: 2, out: "" });
  expect(ran.err).toContain("Allowed choices are bash, zsh, fish.");
});

test.for(["bash", "zsh", "fish"])("%s knows commands, options and choices", async (shell) => {
  const { code, out } = await bucketlog(temporaryFolder(), ["completion", shell]);
  expect(code).toBe(0);
  for (const word of ["serve", "patch", "completion", "rotate-key", "full relaxed"]) {
    expect(out).toContain(word);
  }
  for (const word of ["idempotency-key", "trusted", "durability", "no-auth"]) {
    if (word !== "trusted") expect(out).toContain(word);
  }
});

test.for(["bash", "zsh", "fish"].filter(hasShell))("%s takes its script", async (shell) => {
  const folder = temporaryFolder();
  const { out } = await bucketlog(folder, ["completion", shell]);
  writeFileSync(join(folder, "script"), out);
  const checked = spawnSync(shell, ["-n", join(folder, "script")], { encoding: "utf8" });
  expect(checked).toMatchObject({ status: 0, stderr: "" });
});

describe.skipIf(!hasShell("bash"))("bash completes", () => {
  test.for([
    [["bucketlog", "ser"], ["serve"]],
    [["bucketlog", "serve", "--dur"], ["--durability"]],
    [["bucketlog", "serve", "--durability", "re"], ["relaxed"]],
    [["bucketlog", "token", "cre"], ["create"]],
    [["bucketlog", "token", "create", "--perm"], ["--permission"]],
    [["bucketlog", "completion", "z"], ["zsh"]],
    [["bucketlog", "show", "--dur"], []],
    [["bucketlog", "verify", "--file", "scr"], ["script"]],
    [["bucketlog", "prove", "videos", "2", "-o", "scr"], ["script"]],
  ])("%j with %j", async ([words, expected]) => {
    const folder = temporaryFolder();
    const { out } = await bucketlog(folder, ["completion", "bash"]);
    writeFileSync(join(folder, "script"), out);
    const quoted = (words ?? []).map((word) => `'${word}'`).join(" ");
    const asks = `source ./script; COMP_WORDS=(${quoted}); COMP_CWORD=${(words ?? []).length - 1}
      _bucketlog; printf '%s\n' "\${COMPREPLY[@]}"`;
    const ran = spawnSync("bash", ["-c", asks], { cwd: folder, encoding: "utf8" });
    expect(ran.stderr).toBe("");
    expect(ran.stdout.split("\n").filter((line) => line !== "")).toEqual(expected);
  });
});
