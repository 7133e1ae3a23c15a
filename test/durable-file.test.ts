/** Small files that are whole or not there, whatever happens while they are made. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFile } from "../src/durable-file.js";
import { temporaryFolder } from "./support/backends.js";

test("a file that is there stays as it is, and nothing is left beside it", () => {
  const folder = temporaryFolder();
  const file = join(folder, "a.key");
  writeFileSync(file, "first");

  expect(makeFile(file, "second")).toBe(false);

  expect(readFileSync(file, "utf8")).toBe("first");
  expect(readdirSync(folder)).toEqual(["a.key"]);
});

test("a new file is whole, is read by its owner alone, and nothing is left beside it", () => {
  const folder = temporaryFolder();
  const file = join(folder, "a.key");

  expect(makeFile(file, "first")).toBe(true);

  expect(readFileSync(file, "utf8")).toBe("first");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["a.key"]);
});

test("what an attempt that was cut short left behind is in nobody's way", () => {
  const folder = temporaryFolder();
  const file = join(folder, "a.key");
  writeFileSync(`${file}.${process.pid}.new`, "half of a k");

  expect(makeFile(file, "whole")).toBe(true);

  expect(readFileSync(file, "utf8")).toBe("whole");
  expect(readdirSync(folder)).toEqual(["a.key"]);
});

test("a folder that takes no file is told by the system's own error", () => {
  const folder = join(temporaryFolder(), "gone");
  expect(() => makeFile(join(folder, "a.key"), "text")).toThrow("ENOENT");
  mkdirSync(folder);
  expect(makeFile(join(folder, "a.key"), "text")).toBe(true);
});
