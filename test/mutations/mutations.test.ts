/** What is made wrong is there to be made wrong, and is still a program; whether tests notice, `npm run mutations` tells. */
import { existsSync, readFileSync } from "node:fs";
import { transformSync } from "esbuild";
import { expect, test } from "vitest";
import { mutated } from "./mutated.js";
import { mutations } from "./mutations.js";

test.each(mutations)("$name", ({ tests, ...mutation }) => {
  const original = readFileSync(mutation.file, "utf8");
  const wrong = mutated(original, mutation);
  expect(wrong).not.toBe(original);
  expect(() => transformSync(wrong, { loader: "ts", logLevel: "silent" })).not.toThrow();
  expect(tests.filter((file) => !existsSync(file))).toEqual([]);
});
