/**
 * Where the package lies, with what it reads of itself: migrations, what threads run, pages. A bundle
 * holds none of that, as it holds no binary of SQLite: there the package is looked for as it is
 * installed, beside the bundle or above it. Without a schema: whoever asks for help waits for it.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { BucketsError, invariant } from "./domain/errors.js";
import { isJsonObject, type JsonObject } from "./domain/json.js";

/** A file of the package, by its path in it. What threads run is there once it is built. */
export function packageFile(path: string): URL {
  return new URL(path, folder());
}

export function packageVersion(): string {
  const { version } = readManifest(packageFile("package.json"));
  invariant(typeof version === "string", "the package has no version");
  return version;
}

function readManifest(file: URL): JsonObject {
  const read: unknown = JSON.parse(readFileSync(file, "utf8"));
  return isJsonObject(read) ? read : {};
}

let found: URL | undefined;

function folder(): URL {
  found ??= ownFolder() ?? installedFolder();
  return found;
}

/** The same from the sources and from what is built of them. */
function ownFolder(): URL | undefined {
  const manifest = new URL("../package.json", import.meta.url);
  if (!existsSync(manifest)) return undefined;
  return readManifest(manifest)["name"] === "bucketlog" ? new URL(".", manifest) : undefined;
}

/** @throws RUNTIME_UNSUPPORTED */
function installedFolder(): URL {
  try {
    const manifest = createRequire(import.meta.url).resolve("bucketlog/package.json");
    return new URL(".", pathToFileURL(manifest));
  } catch (error) {
    throw new BucketsError(
      "RUNTIME_UNSUPPORTED",
      "The bundle has no migrations: install the package bucketlog beside it, as better-sqlite3 is.",
      {},
      error,
    );
  }
}
