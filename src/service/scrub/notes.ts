/** How far going through the store is, kept so that a restart goes on from there, and `doctor` can tell. */
import { z } from "zod";
import { readFileIfAny, replaceFile } from "../../durable-file.js";

const scrubSteps = ["log", "pages", "blobs"] as const;

export const ScrubNote = z.object({
  /** How often all of it was gone through. */
  rounds: z.number().int(),
  /** RFC 3339, when it last was; null before the first time. */
  finished_at: z.string().nullable(),
  step: z.enum(scrubSteps),
  /** Of the log, in this round: the last event that was found in order. */
  position: z.number().int(),
  /** What was found last that is not as it was written; null while nothing was. */
  found: z.string().nullable(),
});
export type ScrubNote = Readonly<z.infer<typeof ScrubNote>>;

export const nothingScrubbed: ScrubNote = {
  rounds: 0,
  finished_at: null,
  step: "log",
  position: 0,
  found: null,
};

/** Where it is kept. */
export interface ScrubNotes {
  read(): ScrubNote | undefined;
  write(note: ScrubNote): Promise<void>;
}

/** In `<file>.scrub`; one that is damaged only begins the round anew. */
export function fileScrubNotes(file: string): ScrubNotes {
  const path = `${file}.scrub`;
  return {
    read: () => {
      const text = readFileIfAny(path);
      if (text === undefined) return undefined;
      try {
        return ScrubNote.parse(JSON.parse(text));
      } catch {
        return undefined;
      }
    },
    write: (note) => replaceFile(path, `${JSON.stringify(note)}\n`),
  };
}

export function memoryScrubNotes(): ScrubNotes {
  let kept: ScrubNote | undefined;
  return {
    read: () => kept,
    write: async (note) => {
      kept = note;
    },
  };
}

/** In words, for whoever asks how it is. */
export function describeScrub({ rounds, finished_at, step, position }: ScrubNote): string {
  const now = step === "log" ? `in the log at position ${position}` : `at the ${step}`;
  const before = finished_at === null ? "no round is finished" : `the last ended ${finished_at}`;
  return `${now} of round ${rounds + 1}; ${before}`;
}
