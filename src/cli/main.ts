#!/usr/bin/env node
/** The command line: options, their environment twins, and exit codes. The work is elsewhere. */
import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import { parseBasePath } from "../http/index.js";
import { patch, revert } from "./change.js";
import { demo } from "./demo.js";
import { doctor } from "./doctor.js";
import { exportHistory } from "./export.js";
import { rebuild, verify } from "./keep.js";
import { blame, diff, log, replay, show } from "./look.js";
import {
  changing,
  checked,
  collect,
  file,
  fileArgument,
  json,
  looking,
  namespace,
  onStore,
  option,
  parseOrigins,
  point,
  pointArgument,
  port,
  wholeNumber,
} from "./options.js";
import { exitCodes, reportError } from "./output.js";
import { rotateKey } from "./secrets.js";
import { serve } from "./serve.js";
import { resolveAgo } from "./span.js";
import { tail } from "./tail.js";
import { createToken, listTokens, revokeToken } from "./token.js";

const program = new Command("bucketlog")
  .description("buckets with a memory")
  .version(readVersion())
  .showSuggestionAfterError()
  .exitOverride();

program.commandsGroup("Start:");

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
  .addOption(
    option("--allow-loopback-urls", "take URLs of the own machine, for development").default(false),
  )
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
    ).argParser(wholeNumber("A rate", 1_000_000)),
  )
  .addOption(
    option("--log-level <level>", "how much to log")
      .choices(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
      .default("info"),
  )
  .action(serve);

program.commandsGroup("Look:");

looking(program.command("log"))
  .description("changes, newest first")
  .addOption(
    option("--limit <count>", "how many").default(50).argParser(wholeNumber("A count", 1_000)),
  )
  .addOption(point("--since <point>", "the oldest"))
  .addOption(point("--until <point>", "the newest"))
  .addOption(option("--actor <name>", "only who this did"))
  .action(log);

looking(program.command("show"))
  .description("the state, now or then")
  .addOption(point("--as-of <point>", "when"))
  .action(show);

looking(program.command("diff"))
  .description("what changed between two points")
  .addArgument(pointArgument("<a>", "from"))
  .addArgument(pointArgument("[b]", "to; now unless given"))
  .action(diff);

looking(program.command("blame"))
  .description("who last set each field")
  .addOption(option("--path <pointer>", "only what is below it, such as /metadata"))
  .action(blame);

looking(program.command("replay"))
  .description("fold a bucket anew from the log")
  .addOption(point("--from <point>", "the first event"))
  .addOption(point("--to <point>", "the last event"))
  .action(replay);

onStore(program.command("tail"))
  .description("changes as they are committed, until Ctrl-C")
  .addOption(namespace().default("default", "default; * for all"))
  .addOption(
    option("--after <cursor>", "where to go on: a cursor or a position; 10 before the end, if not"),
  )
  .addOption(option("--bucket <bucket>", "only this one, by its id or name"))
  .addOption(option("--types <types>", "only these, such as bucket.patched,bucket.deleted"))
  .addOption(option("--once", "exit when everything was shown").default(false))
  .addOption(json())
  .action(tail);

program.commandsGroup("Change:");

changing(program.command("patch"))
  .description("change a bucket; a field that is given replaces the field")
  .argument("<json>", "the patch, or - for standard input")
  .addOption(
    option("--type <type>", "RFC 7396 or RFC 6902 instead").choices(["merge", "json-patch"]),
  )
  .action(patch);

changing(program.command("revert"))
  .description("put a bucket back; shows the difference first")
  .addArgument(pointArgument("<point>", "to how it was then"))
  .addOption(
    option("--field <pointer>", "only this, such as /description; may be repeated").argParser(
      collect,
    ),
  )
  .addOption(option("--undo", "take back that one event instead").default(false))
  .addOption(option("--yes", "do not ask").default(false))
  .action(revert);

program.commandsGroup("Keep:");

onStore(program.command("export"))
  .description("the history of a bucket, or of the whole namespace")
  .argument("[bucket]", "its id or name")
  .addOption(namespace().default("default", "default; * for all, without a bucket"))
  .addOption(
    option("--format <format>", "one line per event, or per change")
      .choices(["ndjson", "csv"])
      .default("ndjson"),
  )
  .addOption(option("--output <file>", "replaced once the export is whole; else standard output"))
  .addOption(point("--since <point>", "the oldest"))
  .addOption(point("--until <point>", "the newest"))
  .action(exportHistory);

program
  .command("verify")
  .description("prove that nothing was altered")
  .addArgument(fileArgument())
  .addOption(option("--expect <head>", "a head that was noted elsewhere, POSITION:HASH"))
  .addOption(option("--content", "hash the bytes of every blob again").default(false))
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
const onFile = (command: Command) => command.addOption(file()).addOption(json());

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

const secrets = program
  .command("secrets")
  .description("the key of the stored secrets, while no server holds the file");

onFile(secrets.command("rotate-key"))
  .description("seal every secret under a new key")
  .action(rotateKey);

function readVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return JSON.parse(manifest).version;
}

// Whoever read the output has gone, as `head` does: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  // What begins with a dash would be taken for an option.
  await program.parseAsync(process.argv.map(resolveAgo));
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed it; asking for help or the version is no failure.
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  } else {
    process.exitCode = reportError(error);
  }
}
