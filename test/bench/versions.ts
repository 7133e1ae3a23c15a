/** Which versions were measured, and of which build. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import Database from "better-sqlite3";
import { z } from "zod";

const packages = ["better-sqlite3", "koa", "@koa/router", "zod", "autocannon"];
const Package = z.object({ version: z.string() });
const require = createRequire(import.meta.url);

export function describeVersions(): Record<string, string> {
  const db = new Database(":memory:");
  const sqlite = z.string().parse(db.prepare("SELECT sqlite_version()").pluck().get());
  db.close();
  const ofPackages = packages.map((name) => [name, versionOf(name)]);
  const commit = spawnSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" });
  return {
    node: process.versions.node,
    v8: process.versions.v8,
    sqlite,
    ...Object.fromEntries(ofPackages),
    commit: commit.stdout?.trim() || "unknown",
  };
}

function versionOf(name: string): string {
  const found = require.resolve.paths(name)?.map((folder) => `${folder}/${name}/package.json`);
  for (const path of found ?? []) {
    try {
      return Package.parse(require(path)).version;
    } catch {
      // The next folder up may have it.
    }
  }
  return "unknown";
}
