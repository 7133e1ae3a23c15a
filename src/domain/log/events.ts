/** What can have happened to the log itself. A stored shape is never narrowed; add a type or an upcaster. */
import { z } from "zod";
import { Change } from "../change.js";

/** Where the log went on, and the end that was known and is not in it any more. */
export const Truncation = z.object({
  position: z.number().int(),
  hash: z.string(),
  known_position: z.number().int(),
  known_hash: z.string(),
});
export type Truncation = Readonly<z.infer<typeof Truncation>>;

/** What the log has signed and does not contain, and the name that it has had since. */
export const Fork = z.object({
  origin_before: z.string(),
  origin: z.string(),
  size: z.number().int(),
  root: z.string(),
  note: z.string(),
});
export type Fork = Readonly<z.infer<typeof Fork>>;

/** Which key checks what the log signs from here on, and which one did before. */
export const KeyRotation = z.object({
  /** The name and the id alone of a key that was lost before the log knew it. */
  old_vkey: z.string(),
  new_vkey: z.string(),
  /** Whether somebody else may sign with the old one: it vouches for nothing then. */
  is_compromised: z.boolean(),
  /** Until when the old key signs along; null where it signs nothing any more. */
  overlap_until: z.string().nullable(),
});
export type KeyRotation = Readonly<z.infer<typeof KeyRotation>>;

const data = z.object({ changes: z.array(Change) });

export const LogEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("log.truncated"), data }),
  z.object({ type: z.literal("log.forked"), data }),
  z.object({ type: z.literal("log.key_rotated"), data }),
]);
export type LogEvent = Readonly<z.infer<typeof LogEvent>>;
