/**
 * Goal: the programs of the README and of the pages compile as they stand, for Node and for a bundler.
 * Method: all of them at once, in a project that has the built package installed and is strict.
 */
import { expect, test } from "vitest";
import { compile } from "./support/compile.js";
import { blocksOf } from "./support/walk.js";

const pages = ["README.md", "src/client/README.md"];
const programs = pages
  .flatMap((page) => blocksOf(page))
  .filter(({ language }) => language === "ts")
  .map(({ text }) => text);

test("there are programs in the pages, of the library, the client and the server", () => {
  for (const name of ["bucketlog", "bucketlog/client", "bucketlog/server"]) {
    expect(programs.some((text) => text.includes(`from "${name}"`))).toBe(true);
  }
});

test("they compile for Node", async () => {
  const node = { lib: ["es2023", "esnext.disposable"], types: ["node"] };
  expect(await compile({ ...node, source: programs, hasPeers: true })).toEqual([]);
});

test("they compile for a bundler, without the types of Node, and a misspelt field does not", async () => {
  const browser = { lib: ["es2023", "esnext.disposable", "dom", "dom.iterable"], types: [] };
  const misspelt = programs
    .filter((text) => text.includes("bucket_name"))
    .map((text) => text.replace("bucket_name", "bucket_nme"));
  const source = [...programs, ...misspelt];
  const found = await compile({ ...browser, isBundled: true, source });
  expect(found.length).toBeGreaterThan(0);
  expect(found.filter((fault) => !fault.includes("bucket_nme"))).toEqual([]);
});
