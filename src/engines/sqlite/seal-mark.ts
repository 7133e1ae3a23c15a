/**
 * Which tables were sealed, and under which key, in a small file beside the database: seals are made once, and
 * who takes them all away must not have them made anew by the next opening.
 */
import { rmSync } from "node:fs";
import { z } from "zod";
import { replaceFileSync, syncFolderOf } from "../../durable-file.js";
import { readNoteIfAny } from "./note-file.js";

const SealMark = z.object({ key_id: z.string(), tables: z.array(z.string()) });
export type SealMark = Readonly<z.infer<typeof SealMark>>;

function markFile(file: string): string {
  return `${file}.sealed`;
}

/** @throws FILE_INVALID when it is not what was written. */
export function readSealMark(file: string): SealMark | undefined {
  return readNoteIfAny(markFile(file), SealMark, "see with verify that nothing else is");
}

export function keepSealMark(file: string, mark: SealMark): void {
  replaceFileSync(markFile(file), `${JSON.stringify(mark)}\n`);
}

/** Durably: seals that go after it are not missed. */
export function removeSealMark(file: string): void {
  rmSync(markFile(file), { force: true });
  syncFolderOf(file);
}
