/**
 * Makes one thing wrong at a time in a copy of the sources, and sees whether the tests that are named for
 * it fail. Arguments are parts of names: only those are tried.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { mutated } from "./mutated.js";
import { type Mutation, mutations } from "./mutations.js";

const copied = ["src", "dist", "test", "data", "migrations", "package.json", "tsconfig.json"];
const linked = ["node_modules", "README.md", "CHANGELOG.md"];

const say = (text: string) => process.stdout.write(`${text}\n`);

/** @returns whether all of them pass, and what was printed. */
function passes(home: string, tests: readonly string[]) {
  const vitest = join(home, "node_modules", "vitest", "vitest.mjs");
  const ran = spawnSync(process.execPath, [vitest, "run", "--bail", "1", ...tests], {
    cwd: home,
    encoding: "utf8",
    env: { ...process.env, BUCKETLOG_DEPTH: "deep", NO_COLOR: "1" },
  });
  return { passes: ran.status === 0, printed: `${ran.stdout}${ran.stderr}` };
}

/** Makes it wrong in the sources and in what is built of them, which threads run. @returns what puts it right. */
function makeWrong(home: string, mutation: Mutation): () => void {
  const source = join(home, mutation.file);
  const built = join(home, mutation.file.replace(/^src(.*)ts$/, "dist$1js"));
  const [right, rightBuilt] = [readFileSync(source, "utf8"), readFileSync(built, "utf8")];
  const wrong = mutated(right, mutation);
  writeFileSync(source, wrong);
  writeFileSync(
    built,
    transformSync(wrong, { loader: "ts", format: "esm", target: "node22" }).code,
  );
  return () => {
    writeFileSync(source, right);
    writeFileSync(built, rightBuilt);
  };
}

/** @returns the test that failed by it; undefined when none did. */
function noticedBy(home: string, mutation: Mutation): string | undefined {
  const putRight = makeWrong(home, mutation);
  try {
    const ran = passes(home, mutation.tests);
    if (ran.passes) return undefined;
    return /FAIL .*?(test\/.*)/.exec(ran.printed)?.[1] ?? "a failure outside of a test";
  } finally {
    putRight();
  }
}

const wanted = process.argv.slice(2);
const chosen = mutations.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);
const home = mkdtempSync(join(tmpdir(), "bucketlog-mutations-"));
try {
  for (const name of [...copied, "vitest.config.ts"]) {
    cpSync(name, join(home, name), { recursive: true });
  }
  for (const name of linked) symlinkSync(join(process.cwd(), name), join(home, name));
  const sound = passes(home, [...new Set(chosen.flatMap(({ tests }) => tests))]);
  if (!sound.passes) throw new Error(`The tests fail with nothing wrong:\n${sound.printed}`);
  const survivors = chosen.filter((mutation) => {
    const noticed = noticedBy(home, mutation);
    say(`${mutation.name}: ${noticed ?? "NOT NOTICED"}`);
    return noticed === undefined;
  });
  say(`${chosen.length - survivors.length} of ${chosen.length} were noticed`);
  process.exitCode = survivors.length === 0 ? 0 : 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}
