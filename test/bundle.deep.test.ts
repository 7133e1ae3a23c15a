/**
 * Goal: a program that uses the library works when esbuild has bundled it. Method: it is bundled into
 * a folder that has the package installed, run by Node alone, and reaches every thread of the library.
 */
import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { temporaryFolder } from "./support/backends.js";

const root = join(import.meta.dirname, "..");

const program = `
  import { openBuckets } from "bucketlog";
  const store = await openBuckets({ file: "store.db" });
  await store.namespace().buckets.create({ bucket_name: "films", bucket_schema: { properties: {} } });
  const { ok } = await store.verify();
  const { position } = await store.backup("copy");
  const { bucket } = await store.namespace().buckets.get("films");
  console.log(JSON.stringify({ ok, position, name: bucket.bucket_name }));
  await store.close();
`;

async function bundle(folder: string): Promise<void> {
  await build({
    stdin: { contents: program, resolveDir: folder, loader: "ts" },
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    external: ["better-sqlite3"],
    outfile: join(folder, "out/app.mjs"),
    logLevel: "silent",
  });
}

test("a bundle opens, writes, verifies and copies a store", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/bucketlog"));
  symlinkSync(
    join(root, "node_modules/better-sqlite3"),
    join(folder, "node_modules/better-sqlite3"),
  );
  await bundle(folder);
  const { stdout } = await promisify(execFile)(process.execPath, ["out/app.mjs"], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual({ ok: true, position: 1, name: "films" });
});
