/**
 * Which Node this runs on. It is asked before anything else is loaded: on an older one the native
 * binding of SQLite takes the whole process down, and newer functions of Node are missing.
 */
import { BucketsError } from "./domain/errors.js";

/** `engines` of package.json says the same. */
const oldest = { major: 22, minor: 12 };

/** What is wrong with that version of Node, and what to do; undefined when nothing is. */
export function runtimeFault(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return undefined;
  return (
    `bucketlog needs Node ${oldest.major}.${oldest.minor} or newer, and this is ${version}: ` +
    "run `npm install node@24` in your project, whose `npx` and `npm run` use that one from then on."
  );
}

/** @throws RUNTIME_UNSUPPORTED */
export function assertRuntime(version = process.versions.node): void {
  const fault = runtimeFault(version);
  if (fault !== undefined) {
    throw new BucketsError("RUNTIME_UNSUPPORTED", fault, { node: version });
  }
}
