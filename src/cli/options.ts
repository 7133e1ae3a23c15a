/** The options that commands share, and how their texts are read. */
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { isBucketsError } from "../domain/errors.js";
import { parseRange } from "../http/client-address.js";
import { parseOrigin } from "../http/cors.js";
import { isLogName } from "../proofs/note.js";
import { parseSpanMs, resolveAgo } from "./ago.js";

const pointForms = "12 | @1234 | 2026-10-01T00:00:00Z | -2h";

export const option = (flags: string, description: string) => new Option(flags, description);
export const json = () => option("--json", "print JSON for programs").default(false);
export const port = () =>
  option("--port <port>", "0 picks a free one").default(8787).argParser(parsePort);
export const backupTo = () =>
  option("--backup-to <folder>", "where backups are taken while it serves");
export const backupEvery = () =>
  option("--backup-every <time>", "how often: 30m | 1h | 1d")
    .default(3_600_000, "1h")
    .argParser(parseInterval);
export const file = () => option("--file <file>", "the SQLite file").default("buckets.db");
export const namespace = () => option("--namespace <name>", "the namespace").default("default");
export const output = (description: string) => option("-o, --output <file>", description);
export const point = (flags: string, description: string) =>
  option(flags, `${description}: ${pointForms}`).argParser(resolveAgo);

export const pointArgument = (name: string, description: string) =>
  new Argument(name, `${description}: ${pointForms}`);

export const anchorFile = () =>
  option("--anchor-file <file>", "append each new checkpoint to this file, on another disk");
export const anchorCommand = () =>
  option("--anchor-command <program>", "run it for each new checkpoint, which it reads");
export const acceptTruncation = () =>
  option("--accept-truncation", "go on with a log whose end is missing, and record that").default(
    false,
  );
export const resumeTimers = () =>
  option(
    "--resume-timers",
    "have a copy close windows and hand out batches, as what it was made of did",
  ).default(false);
export const keys = () =>
  option("--key <key>", "that has signed it, <name>+<id>+<base64>; may be repeated").argParser(
    lines,
  );

/** A command that is about a file, which may be named with or without the flag. */
export const onFile = (command: Command) =>
  command.argument("[file]", "the SQLite file, as --file").addOption(file());

/** Takes the argument for the flag. */
export function nameFile(command: Command): void {
  if (command.registeredArguments[0]?.name() !== "file") return;
  const [named] = command.args;
  if (named === undefined) return;
  const isGiven = command.getOptionValueSource("file") === "cli";
  if (isGiven && command.getOptionValue("file") !== named) {
    command.error("error: the file is named twice: give it as argument or as --file.");
  }
  command.setOptionValueWithSource("file", named, "cli");
}

/** A command on a file, or with `--url` on a server. */
export const onStore = (command: Command) =>
  command
    .addOption(file().conflicts("url"))
    .addOption(option("--url <url>", "a server to ask instead of a file"))
    .addOption(option("--token <token>", "of that server"));

/** A command that looks at one bucket. */
export const looking = (command: Command) =>
  onStore(command.argument("<bucket>", "its id or name")).addOption(namespace()).addOption(json());

/** A command that writes. */
export const writing = (command: Command) =>
  command
    .addOption(option("--reason <text>", "why, kept with the change"))
    .addOption(option("--as <name>", "who; on a server only an admin may say so"))
    .addOption(option("--idempotency-key <key>", "done once, however often it is repeated"))
    .addOption(option("--dry-run", "check everything, change nothing").default(false));

/** A command that changes one bucket. */
export const changing = (command: Command) =>
  writing(looking(command)).addOption(
    option("--if-version <version>", "only if this is its version").argParser(
      wholeNumber("A version", Number.MAX_SAFE_INTEGER),
    ),
  );

/** From a minute on: what is taken more often is better a follower. */
function parseInterval(text: string): number {
  const ms = parseSpanMs(text);
  if (ms !== undefined && ms >= 60_000) return ms;
  throw new InvalidArgumentError("A time is a minute or more, as 30m, 1h or 1d.");
}

export function parseLogName(text: string): string {
  if (isLogName(text)) return text;
  throw new InvalidArgumentError("A name has 1 to 200 characters, no space and no +.");
}

/** How long keys, or what else overlaps, go on together. */
export function parseOverlap(text: string): number {
  const ms = parseSpanMs(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError("A time is 30d, 12h or 0s.");
}

function parsePort(text: string): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError("A port is a number from 0 to 65535.");
}

/** A place in the log. */
export function position(text: string): number {
  const value = Number(text.replace(/^@/, ""));
  if (/^@?[1-9][0-9]*$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError("A position is a number from 1, as @1234.");
}

export function wholeNumber(what: string, max: number, min = 1): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^(0|[1-9][0-9]*)$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`${what} is a number from ${min} to ${max}.`);
  };
}

/** Refuses before anything is opened what the server would refuse after. */
export function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw isBucketsError(error) ? new InvalidArgumentError(error.message) : error;
    }
  };
}

/** Each time that the option is given; several at once are separated by spaces or commas. */
export function several(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...text.split(/[\s,]+/).filter((word) => word !== "")];
}

export function parseOrigins(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...several(text).map(checked(parseOrigin))];
}

export function parseRanges(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...several(text).map(checked(parseRange))];
}

/** Each time that the option is given; several at once are lines. */
export function lines(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...text.split("\n").filter((line) => line !== "")];
}
