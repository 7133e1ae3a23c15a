/**
 * Environment twins: `--log-level` is `BUCKETLOG_LOG_LEVEL`, read as the option is. What is given on
 * the command line goes before it, and before the twin of an option that it cannot be used with.
 */
import { type Command, Help, InvalidArgumentError, type Option } from "commander";
import type { Io } from "./terminal.js";

/** The name of the variable. */
export function twinOf(option: Option): string {
  const name = option.long?.replace(/^--/, "") ?? option.name();
  return `BUCKETLOG_${name.replaceAll("-", "_").toUpperCase()}`;
}

/** How help describes an option; all but commander's own have a twin. */
export function describeOption(option: Option): string {
  const text = new Help().optionDescription(option);
  return ["--help", "--version"].includes(option.long ?? "") ? text : `${text} [${twinOf(option)}]`;
}

/** Options that cannot be used together. */
const rivals: Readonly<Record<string, string>> = { file: "url", url: "file" };

/** Gives the command what its environment says; a twin that is empty says nothing. */
export function readTwins(command: Command, env: Io["env"]): void {
  for (const option of command.options) {
    const text = env[twinOf(option)];
    if (text === undefined || text === "") continue;
    const name = option.attributeName();
    const rival = rivals[name] ?? name;
    const sources = [name, rival].map((one) => command.getOptionValueSource(one));
    if (sources.includes("cli")) continue;
    if (sources.includes("env")) {
      const other = command.options.find((one) => one.attributeName() === rival) ?? option;
      command.error(`error: ${twinOf(other)} and ${twinOf(option)} cannot be used together.`);
    }
    command.setOptionValueWithSource(name, parse(command, option, text), "env");
  }
}

function parse(command: Command, option: Option, text: string): unknown {
  try {
    if (option.isBoolean()) return parseBoolean(text);
    if (option.negate) return !parseBoolean(text);
    return option.parseArg === undefined ? text : option.parseArg(text, undefined);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    return command.error(`error: ${twinOf(option)} is invalid. ${error.message}`);
  }
}

function parseBoolean(text: string): boolean {
  if (/^(true|1|yes)$/i.test(text)) return true;
  if (/^(false|0|no)$/i.test(text)) return false;
  throw new InvalidArgumentError("It is true, 1 or yes; or false, 0 or no.");
}
