/** Which version of the package this is. Without a schema: whoever asks for help waits for it. */
import { readFileSync } from "node:fs";
import { invariant } from "./domain/errors.js";
import { isJsonObject } from "./domain/json.js";

export function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const read: unknown = JSON.parse(text);
  const version = isJsonObject(read) ? read["version"] : undefined;
  invariant(typeof version === "string", "the package has no version");
  return version;
}
