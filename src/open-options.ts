/** The options of `openBuckets`, as they may come from programs without types. */
import {
  choice,
  type Field,
  flag,
  Misfit,
  numberField,
  optional,
  type Read,
  textField,
  where,
  wholeNumber,
} from "./api/fields.js";
import { actorName, readOptions } from "./api/options.js";
import { BucketsError } from "./domain/errors.js";
import type { OnProgress } from "./domain/reports.js";
import type { Upgrade } from "./eventstore/upgrade.js";
import { isLogName } from "./proofs/note.js";

/** A function of the program's own; what it gives is checked each time. */
function own<Own extends (...given: never[]) => unknown>(): Field<Own | undefined> {
  const isOwn = (given: unknown): given is Own => typeof given === "function";
  return optional((given) => (isOwn(given) ? given : new Misfit("Send a function.")));
}

const filePath = "Send the path of a file, or :memory:.";

const OpenFields = {
  file: where(
    textField(filePath),
    [(file) => file !== "", filePath],
    [(file) => !file.includes("\0"), "A path has no NUL in it."],
  ),
  actor: optional(actorName),
  readOnly: flag,
  durability: optional(choice(["full", "relaxed"], "Send full or relaxed.")),
  secretKey: optional(textField("Send 32 bytes as hex or base64.")),
  withoutSecrets: flag,
  readAuditDays: optional(wholeNumber("Send days.", { min: 1, max: 36_500 })),
  scrubMibPerSecond: optional(numberField("Send MiB.", { above: 0, max: 10_000 })),
  maxQueueMs: optional(wholeNumber("Send milliseconds.", { min: 1 })),
  minFreeBytes: optional(wholeNumber("Send bytes.", { min: 0 })),
  maxUploadBytes: optional(wholeNumber("Send bytes.", { min: 1 })),
  acceptTruncation: flag,
  resumeTimers: flag,
  strict: flag,
  origin: optional(
    where(textField("Send a name."), [
      isLogName,
      "The name of a log has 1 to 200 characters, no space and no +.",
    ]),
  ),
  signingKey: optional(textField("Send a key.")),
  allowLoopbackUrls: flag,
  onUpgrade: own<(upgrade: Upgrade) => void>(),
  onUpgradeProgress: own<OnProgress>(),
  clock: own<() => number>(),
  newId: own<(prefix: string) => string>(),
  randomBytes: own<(size: number) => Uint8Array>(),
};

export type OpenSettings = Read<typeof OpenFields>;

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
