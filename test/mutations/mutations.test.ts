/** What is made wrong is there to be made wrong; whether tests notice, `npm run mutations` tells. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mutated } from "./mutated.js";
import { mutations } from "./mutations.js";

test.each(mutations)("$name", ({ tests, ...mutation }) => {
  const original = readFileSync(mutation.file, "utf8");
  expect(mutated(original, mutation)).not.toBe(original);
  expect(tests.filter((file) => !existsSync(file))).toEqual([]);
});
