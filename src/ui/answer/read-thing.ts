/** One thing with a history: as it is, as it was, or as it last was where it is deleted by now. */
import type { HistoryEntry, PastReads } from "../../client/index.js";

export interface ReadThing<Read> {
  /** What is shown: of now, or of the moment that was asked for. */
  readonly read: Read;
  /** Its newest event. */
  readonly latest: HistoryEntry;
  /** The event that deleted it: then what is shown is how it was before that. */
  readonly deletion: HistoryEntry | undefined;
}

/** @param readAt reads it at a moment; undefined for now. */
export async function readThing<Read>(
  past: Pick<PastReads, "history">,
  id: string,
  asOf: string | undefined,
  readAt: (moment: string | undefined) => Promise<Read>,
): Promise<ReadThing<Read>> {
  const { results } = await past.history(id, { limit: 1 });
  const [latest] = results;
  if (latest === undefined) throw new Error(`${id} has no history.`);
  const deletion = latest.type.endsWith(".deleted") ? latest : undefined;
  const before = deletion === undefined ? undefined : String(latest.version - 1);
  return { read: await readAt(asOf ?? before), latest, deletion };
}
