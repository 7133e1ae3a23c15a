/** The options that commands share, how their texts are read, and their environment twins. */
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { isBucketsError } from "../domain/errors.js";
import { parseOrigin } from "../http/index.js";
import { resolveAgo } from "./span.js";

const pointForms = "12 | @1234 | 2026-10-01T00:00:00Z | -2h";

/** An option with its environment twin: `--log-level` is `BUCKETLOG_LOG_LEVEL`. */
export function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  const name = made.long
    ?.replace(/^--(no-)?/, "")
    .replaceAll("-", "_")
    .toUpperCase();
  return made.env(`BUCKETLOG_${name}`);
}

export const json = () => option("--json", "print JSON for programs").default(false);
export const port = () =>
  option("--port <port>", "0 picks a free one").default(8787).argParser(parsePort);
export const file = () => option("--file <file>", "the SQLite file").default("buckets.db");
export const namespace = () => option("--namespace <name>", "the namespace").default("default");
export const point = (flags: string, description: string) =>
  option(flags, `${description}: ${pointForms}`).argParser(resolveAgo);

export const fileArgument = () =>
  new Argument("[file]", "the SQLite file").default(process.env["BUCKETLOG_FILE"] ?? "buckets.db");
export const pointArgument = (name: string, description: string) =>
  new Argument(name, `${description}: ${pointForms}`);

/** A command on a file, or with `--url` on a server. */
export const onStore = (command: Command) =>
  command
    .addOption(file().conflicts("url"))
    .addOption(option("--url <url>", "a server to ask instead of a file"))
    .addOption(option("--token <token>", "of that server"));

/** A command that looks at one bucket. */
export const looking = (command: Command) =>
  onStore(command.argument("<bucket>", "its id or name")).addOption(namespace()).addOption(json());

/** A command that changes one bucket. */
export const changing = (command: Command) =>
  looking(command)
    .addOption(option("--reason <text>", "why, kept with the change"))
    .addOption(option("--as <name>", "who; on a server only an admin may say so"))
    .addOption(
      option("--if-version <version>", "only if this is its version").argParser(
        wholeNumber("A version", Number.MAX_SAFE_INTEGER),
      ),
    )
    .addOption(option("--dry-run", "check everything, change nothing").default(false));

function parsePort(text: string): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError("A port is a number from 0 to 65535.");
}

export function wholeNumber(what: string, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[1-9][0-9]*$/.test(text) && value <= max) return value;
    throw new InvalidArgumentError(`${what} is a number from 1 to ${max}.`);
  };
}

/** Refuses before anything is opened what the server would refuse after. */
export function checked(parse: (text: string) => string): (text: string) => string {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw isBucketsError(error) ? new InvalidArgumentError(error.message) : error;
    }
  };
}

/** The environment twin holds all of them in one text. */
export function parseOrigins(text: string, previous: readonly string[] = []): readonly string[] {
  const origins = text.split(/[\s,]+/).filter((origin) => origin !== "");
  return [...previous, ...origins.map(checked(parseOrigin))];
}

/** Each time that the option is given. */
export function collect(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, text];
}
