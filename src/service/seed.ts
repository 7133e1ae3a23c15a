/**
 * Seeds: a store's beginnings as commands, one JSON object per line. They go through the ordinary
 * write path, and may carry their own times, which then are the clock.
 */
import { z } from "zod";
import type { BucketStore, Buckets } from "../api/index.js";
import { BucketsError, isBucketsError } from "../domain/errors.js";
import { parseJsonText } from "../domain/json-text.js";
import { patchMediaTypes } from "../domain/patch-media-type.js";
import { jsonValue, parseBody, timestamp } from "../domain/schemas.js";

const common = {
  /** When it happens; the clock's time unless given. */
  at: timestamp.optional(),
  actor: z.string().optional(),
  reason: z.string().optional(),
  namespace: z.string().default("default"),
};

const SeedCommand = z.discriminatedUnion("command", [
  z.object({ ...common, command: z.literal("create"), body: jsonValue }),
  z.object({
    ...common,
    command: z.literal("patch"),
    bucket: z.string(),
    media_type: z.enum(patchMediaTypes).default("application/json"),
    body: jsonValue,
  }),
  z.object({
    ...common,
    command: z.literal("lock"),
    bucket: z.string(),
    body: jsonValue.default({}),
  }),
  z.object({
    ...common,
    command: z.literal("unlock"),
    bucket: z.string(),
    body: jsonValue.default({}),
  }),
  z.object({
    ...common,
    command: z.enum(["archive", "activate", "suspend", "delete"]),
    bucket: z.string(),
  }),
]);
type SeedCommand = z.infer<typeof SeedCommand>;

/** A clock that can be held at a time, and let go again. */
export class SeedClock {
  #heldAt: number | undefined;

  readonly now = (): number => this.#heldAt ?? Date.now();

  hold(time: number): void {
    this.#heldAt = time;
  }

  release(): void {
    this.#heldAt = undefined;
  }
}

/**
 * Loads a seed, line by line; each is durable before the next begins.
 *
 * @param clock the clock that the store was opened with, held at the time of each line.
 * @returns the number of changes.
 * @throws the error of the first line that is refused, with its number.
 */
export async function loadSeed(
  store: BucketStore,
  ndjson: string,
  clock: SeedClock,
): Promise<number> {
  let changes = 0;
  for (const [index, line] of ndjson.split("\n").entries()) {
    if (line.trim() === "") continue;
    const source = { name: "It", line: index + 1 };
    try {
      const command = parseBody(SeedCommand, parseJsonText(Buffer.from(line), source));
      if (command.at !== undefined) clock.hold(Date.parse(command.at));
      const caller = command.actor === undefined ? {} : { actor: command.actor };
      await apply(store.namespace(command.namespace, caller).buckets, command);
      changes += 1;
    } catch (error) {
      if (!isBucketsError(error)) throw error;
      const message = `Line ${index + 1} of the seed was refused: ${error.message}`;
      throw new BucketsError(error.code, message, { ...error.details, line: index + 1 }, error);
    }
  }
  clock.release();
  return changes;
}

async function apply(buckets: Buckets, command: SeedCommand): Promise<void> {
  const options = { reason: command.reason };
  switch (command.command) {
    case "create":
      await buckets.create(command.body, options);
      break;
    case "patch":
      await buckets.patch(command.bucket, command.body, {
        ...options,
        mediaType: command.media_type,
      });
      break;
    case "lock":
      await buckets.lock(command.bucket, command.body, options);
      break;
    case "unlock":
      await buckets.unlock(command.bucket, command.body, options);
      break;
    case "archive":
    case "activate":
    case "suspend":
    case "delete":
      await buckets[command.command](command.bucket, options);
      break;
  }
}
