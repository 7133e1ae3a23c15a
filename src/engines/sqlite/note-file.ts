/** Small notes beside the database, each a JSON value that is there whole or not at all. */
import type { z } from "zod";
import { BucketsError } from "../../domain/errors.js";
import { readFileIfAny } from "../../durable-file.js";

/**
 * What was noted, if anything was.
 * @param cure what to do with one that is damaged.
 * @throws FILE_INVALID when it cannot be read, or is not what was written.
 */
export function readNoteIfAny<Note>(
  path: string,
  schema: z.ZodType<Note>,
  cure: string,
): Note | undefined {
  const text = readFileIfAny(path);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const message = `${path} is damaged: ${cure}, then remove it.`;
    throw new BucketsError("FILE_INVALID", message, { file: path }, error);
  }
}
