/** Another key for the log, and what is told of it. */
import { z } from "zod";
import { KeyRotation } from "../domain/log/events.js";
import type { StoredEvent } from "../eventstore/frame.js";
import { openBuckets } from "../index.js";
import { jsonLine, type Line, line } from "./line.js";
import { replaceText } from "./replace-file.js";
import { existingFileOf, tellsUpgrade } from "./store.js";
import type { Terminal } from "./terminal.js";

interface RotateFlags {
  readonly file: string;
  readonly overlap: number;
  readonly compromised: boolean;
  readonly reason?: string;
  readonly output?: string;
  readonly json: boolean;
}

export async function rotateKey(terminal: Terminal, flags: RotateFlags): Promise<void> {
  const { overlap, compromised: isCompromised, reason, output } = flags;
  await using store = await openBuckets({
    ...existingFileOf(terminal, flags),
    ...tellsUpgrade(terminal),
  });
  const report = await store.rotateSigningKey({ overlapMs: overlap, isCompromised, reason });
  if (output !== undefined) await replaceText(terminal.path(output), report.proof);
  if (flags.json) return terminal.print(jsonLine(report));
  const { checkpoint, new_vkey: key, overlap_until: until } = report;
  terminal.print(
    line`${checkpoint.origin} signs with another key from ${checkpoint.size} events on`,
  );
  terminal.print(line`key ${key}`);
  terminal.print(
    until === null
      ? line`The old key signs nothing more, and vouches for nothing: hand out the new one as you did the first.`
      : line`The old key signs along until ${until}: hand out the new one by then.`,
  );
}

/** A file that the log hands out with another key in it. */
const Told = z.object({
  changes: z.tuple([z.object({ path: z.literal("/key_rotations"), value: z.array(KeyRotation) })]),
});

/** What the event says of the keys of its log, where it is shown and about them. */
export function rotationIn({ type, body }: StoredEvent): KeyRotation | undefined {
  if (type !== "log.key_rotated" || body === null) return undefined;
  const told: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
  return Told.safeParse(told).data?.changes[0].value.at(-1);
}

export function toldOfRotation({ old_vkey, new_vkey, is_compromised }: KeyRotation): Line {
  return is_compromised
    ? line`The log gave up ${old_vkey} as lost or stolen: have ${new_vkey} confirmed by another way.`
    : line`From then on the log signs with ${new_vkey}; ${old_vkey} says so.`;
}
