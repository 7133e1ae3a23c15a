/** The manifest of a backup that lies in a folder, once its note holds. */
import { join } from "node:path";
import { BucketsError } from "../domain/errors.js";
import { readFileIfAny } from "../durable-file.js";
import type { NoteVerifier } from "../proofs/note.js";
import { backupNames, type Manifest, openManifest } from "./manifest.js";

/** @throws COPY_INVALID when the folder is none of a backup; else as `openManifest`. */
export function readManifest(
  folder: string,
  trusted: readonly NoteVerifier[] | undefined,
): Manifest {
  const text = readFileIfAny(join(folder, backupNames.manifest));
  const note = readFileIfAny(join(folder, backupNames.note));
  if (text !== undefined && note !== undefined) return openManifest(text, note, trusted);
  throw new BucketsError(
    "COPY_INVALID",
    `${folder} is no backup: it has no ${backupNames.manifest} with its note.`,
    { folder },
  );
}
