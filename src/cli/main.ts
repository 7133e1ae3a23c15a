#!/usr/bin/env node
/** The command line: options, their environment twins, and exit codes. The work is elsewhere. */
import { readFileSync } from "node:fs";
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { isBucketsError } from "../domain/errors.js";
import { parseBasePath, parseOrigin } from "../http/index.js";
import { demo } from "./demo.js";
import { doctor } from "./doctor.js";
import { rebuild, verify } from "./keep.js";
import { log, replay, show } from "./look.js";
import { exitCodes, reportError } from "./output.js";
import { serve } from "./serve.js";
import { tail } from "./tail.js";
import { createToken, listTokens, revokeToken } from "./token.js";

const fileArgument = () =>
  new Argument("[file]", "the SQLite file").default(process.env["BUCKETLOG_FILE"] ?? "buckets.db");

/** An option with its environment twin: `--log-level` is `BUCKETLOG_LOG_LEVEL`. */
function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  const name = made.long
    ?.replace(/^--(no-)?/, "")
    .replaceAll("-", "_")
    .toUpperCase();
  return made.env(`BUCKETLOG_${name}`);
}

const json = () => option("--json", "print JSON for programs").default(false);
const port = () => option("--port <port>", "0 picks a free one").default(8787).argParser(parsePort);

const looking = (command: Command) =>
  command
    .argument("<bucket>", "its id or name")
    .addOption(option("--file <file>", "the SQLite file").default("buckets.db"))
    .addOption(option("--namespace <name>", "the namespace").default("default"))
    .addOption(json());

const program = new Command("bucketlog")
  .description("buckets with a memory")
  .version(readVersion())
  .showSuggestionAfterError()
  .exitOverride();

program
  .command("demo")
  .description("try it: temporary, deletes itself")
  .addOption(option("--once", "exit when everything was shown").default(false))
  .addOption(port())
  .action(demo);

program
  .command("serve")
  .description("the API")
  .addArgument(fileArgument())
  .addOption(port())
  .addOption(option("--host <host>", "the address to listen on").default("127.0.0.1"))
  .addOption(option("--token <token>", "an admin token, 16 to 512 visible characters"))
  .addOption(new Option("--no-auth", "serve without tokens, on loopback only"))
  .addOption(option("--require-if-match", "refuse writes without If-Match").default(false))
  .addOption(
    option("--durability <level>", "what a power cut may take")
      .choices(["full", "relaxed"])
      .default("full"),
  )
  .addOption(option("--read-only", "beside a server that writes").default(false))
  .addOption(option("--ephemeral", "in memory, gone when it ends").default(false))
  .addOption(option("--seed <file>", "what a new store begins with, NDJSON"))
  .addOption(option("--allow-reset", "let POST /v1/admin/reset go back to the seed").default(false))
  .addOption(option("--public-url <url>", "where clients reach the server"))
  .addOption(
    option("--base-path <path>", "serve under it, as /api/buckets")
      .default("")
      .argParser(checked(parseBasePath)),
  )
  .addOption(
    option("--cors-origin <origin...>", "origins whose scripts may use the API, or *").argParser(
      parseOrigins,
    ),
  )
  .addOption(
    option(
      "--rate-limit <count>",
      "requests per minute of one token; no limit unless given",
    ).argParser(parseRate),
  )
  .addOption(
    option("--log-level <level>", "how much to log")
      .choices(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
      .default("info"),
  )
  .action(serve);

looking(program.command("log"))
  .description("changes, newest first")
  .addOption(option("--limit <count>", "how many").default(50).argParser(parseCount))
  .action(log);

looking(program.command("show"))
  .description("the state, now or then")
  .addOption(option("--as-of <point>", "12 | @1234 | 2026-10-01T00:00:00Z"))
  .action(show);

looking(program.command("replay"))
  .description("fold a bucket anew from the log")
  .addOption(option("--from <point>", "the first event"))
  .addOption(option("--to <point>", "the last event"))
  .action(replay);

program
  .command("tail")
  .description("changes as they are committed, until Ctrl-C")
  .addOption(option("--file <file>", "the SQLite file").default("buckets.db"))
  .addOption(option("--namespace <name>", "the namespace, * for all").default("default"))
  .addOption(
    option("--after <cursor>", "where to go on: a cursor or a position; 10 before the end, if not"),
  )
  .addOption(option("--bucket <bucket>", "only this one, by its id or name"))
  .addOption(option("--types <types>", "only these, such as bucket.patched,bucket.deleted"))
  .addOption(option("--once", "exit when everything was shown").default(false))
  .addOption(json())
  .action(tail);

program
  .command("verify")
  .description("prove that nothing was altered")
  .addArgument(fileArgument())
  .addOption(option("--expect <head>", "a head that was noted elsewhere, POSITION:HASH"))
  .addOption(json())
  .action(async (file, flags) => {
    process.exitCode = await verify(file, flags);
  });

program
  .command("rebuild")
  .description("fold the view anew from the log")
  .addArgument(fileArgument())
  .addOption(json())
  .action(rebuild);

program
  .command("doctor")
  .description("what is well, and what is not")
  .addArgument(fileArgument())
  .addOption(json())
  .action(async (file, flags) => {
    process.exitCode = await doctor(file, flags);
  });

const token = program.command("token").description("access tokens, while no server holds the file");
const onFile = (command: Command) =>
  command
    .addOption(option("--file <file>", "the SQLite file").default("buckets.db"))
    .addOption(json());

onFile(token.command("create"))
  .description("make one; its secret is printed this once")
  .argument("<name>", "who it is for: the actor on events")
  .addOption(
    option("--permission <level>", "each includes those before it")
      .choices(["read", "write", "delete", "admin"])
      .default("write"),
  )
  .addOption(option("--namespaces <names...>", "the namespaces that it opens; all unless given"))
  .addOption(option("--expires-at <time>", "when it stops to open anything, RFC 3339"))
  .action(createToken);

onFile(token.command("list")).description("without their secrets").action(listTokens);

onFile(token.command("revoke"))
  .description("from this moment it opens nothing")
  .argument("<name>")
  .action(revokeToken);

function parsePort(text: string): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError("A port is a number from 0 to 65535.");
}

/** Refuses before anything is opened what the server would refuse after. */
function checked(parse: (text: string) => string): (text: string) => string {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw isBucketsError(error) ? new InvalidArgumentError(error.message) : error;
    }
  };
}

/** The environment twin holds all of them in one text. */
function parseOrigins(text: string, previous: readonly string[] = []): readonly string[] {
  const origins = text.split(/[\s,]+/).filter((origin) => origin !== "");
  return [...previous, ...origins.map(checked(parseOrigin))];
}

function parseRate(text: string): number {
  const value = Number(text);
  if (/^[1-9][0-9]*$/.test(text) && value <= 1_000_000) return value;
  throw new InvalidArgumentError("A rate is a number from 1 to 1000000.");
}

function parseCount(text: string): number {
  const value = Number(text);
  if (/^[1-9][0-9]*$/.test(text) && value <= 1_000) return value;
  throw new InvalidArgumentError("A count is a number from 1 to 1000.");
}

function readVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return JSON.parse(manifest).version;
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed it; asking for help or the version is no failure.
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  } else {
    process.exitCode = reportError(error);
  }
}
