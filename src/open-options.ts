/** The options of `openBuckets`, as they may come from programs without types. */
import { z } from "zod";
import { actorName, readOptions } from "./api/options.js";
import { BucketsError } from "./domain/errors.js";
import type { OnProgress } from "./domain/reports.js";
import type { Upgrade } from "./eventstore/upgrade.js";
import { isLogName } from "./proofs/note.js";

const flag = z.boolean({ error: "Send true or false." }).optional();

/** A function of the program's own; what it gives is checked each time. */
function own<Own extends (...given: never[]) => unknown>() {
  return z
    .custom<Own>((value) => typeof value === "function", { error: "Send a function." })
    .optional();
}

const OpenFields = z.strictObject({
  file: z
    .string({ error: "Send the path of a file, or :memory:." })
    .min(1, "Send the path of a file, or :memory:.")
    .refine((file) => !file.includes("\0"), "A path has no NUL in it."),
  actor: actorName.optional(),
  readOnly: flag,
  durability: z.enum(["full", "relaxed"], { error: "Send full or relaxed." }).optional(),
  secretKey: z.string({ error: "Send 32 bytes as hex or base64." }).optional(),
  withoutSecrets: flag,
  readAuditDays: z.number({ error: "Send days." }).int().min(1).max(36_500).optional(),
  scrubMibPerSecond: z.number({ error: "Send MiB." }).positive().max(10_000).optional(),
  maxQueueMs: z.number({ error: "Send milliseconds." }).int().min(1).optional(),
  minFreeBytes: z.number({ error: "Send bytes." }).int().min(0).optional(),
  acceptTruncation: flag,
  origin: z
    .string({ error: "Send a name." })
    .refine(isLogName, "The name of a log has 1 to 200 characters, no space and no +.")
    .optional(),
  signingKey: z.string({ error: "Send a key." }).optional(),
  allowLoopbackUrls: flag,
  onUpgrade: own<(upgrade: Upgrade) => void>(),
  onUpgradeProgress: own<OnProgress>(),
  clock: own<() => number>(),
  newId: own<(prefix: string) => string>(),
  randomBytes: own<(size: number) => Uint8Array>(),
});

export type OpenSettings = z.output<typeof OpenFields>;

/** @throws BAD_REQUEST naming the option that does not fit. */
export function readOpenOptions(options: unknown): OpenSettings {
  const read = readOptions(OpenFields, options);
  if (read.file === ":memory:" && read.readOnly === true) {
    throw misfit("readOnly", "a store in memory is empty: there is nothing to read in it.");
  }
  return read;
}

/** Milliseconds that every engine can keep. */
export function checkedClock(clock: () => number): () => number {
  return () => {
    const now: unknown = clock();
    if (typeof now === "number" && Number.isSafeInteger(now) && Math.abs(now) <= dateMax)
      return now;
    throw misfit("clock", `it gave ${String(now)}, and not whole milliseconds since the epoch.`);
  };
}

/** The last moment that a date can be. */
const dateMax = 8.64e15;

/** Ids that begin with their prefix, which tells what they are of. */
export function checkedIds(newId: (prefix: string) => string): (prefix: string) => string {
  return (prefix) => {
    const id: unknown = newId(prefix);
    if (typeof id === "string" && id.startsWith(`${prefix}_`) && idPattern.test(id)) return id;
    throw misfit(
      "newId",
      `it gave ${JSON.stringify(id)}, and not "${prefix}_" with letters and digits.`,
    );
  };
}

const idPattern = /^[\w-]{1,255}$/;

export function checkedBytes(random: (size: number) => Uint8Array): (size: number) => Uint8Array {
  return (size) => {
    const bytes: unknown = random(size);
    if (bytes instanceof Uint8Array && bytes.length === size) return bytes;
    throw misfit("randomBytes", `it did not give ${size} bytes.`);
  };
}

function misfit(field: string, problem: string): BucketsError {
  return new BucketsError("BAD_REQUEST", `${field}: ${problem}`, { field });
}
