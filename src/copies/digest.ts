/** Files as a manifest names them: how large they are, and their SHA-256. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";

export interface FileDigest {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

const readBytes = 1024 * 1024;

/** Reads all of a file below a folder. */
export async function digestOf(folder: string, path: string): Promise<FileDigest> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(join(folder, path), { highWaterMark: readBytes })) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { path, bytes, sha256: hash.digest("hex") };
}
