/** The command line: its commands, their arguments and options. The work is elsewhere. */
import { availableParallelism } from "node:os";
import { Argument, Command } from "commander";
import { parseKeep } from "../copies/keeping.js";
import { disclosable } from "../domain/disclosable.js";
import { limits } from "../domain/limits.js";
import { parseBasePath } from "../http/base-path.js";
import { parsePublicUrl } from "../http/public-url.js";
import { packageVersion } from "../package-folder.js";
import { resolveAgo } from "./ago.js";
import { type Shell, shells } from "./completion.js";
import { line } from "./line.js";
import {
  acceptTruncation,
  anchorCommand,
  anchorFile,
  backupEvery,
  backupTo,
  changing,
  checked,
  file,
  json,
  keys,
  lines,
  looking,
  nameFile,
  namespace,
  onFile,
  onStore,
  option,
  output,
  parseLogName,
  parseOrigins,
  parseOverlap,
  parseRanges,
  point,
  pointArgument,
  port,
  position,
  resumeTimers,
  several,
  wholeNumber,
  writing,
} from "./options.js";
import { logUsageError, tellsInJson } from "./start-error.js";
import type { Terminal } from "./terminal.js";
import { describeOption, readTwins } from "./twins.js";

const readersMaxDefault = 4;

/** A command; a number that it resolves with is the exit code. */
type Run<Args extends unknown[]> = (terminal: Terminal, ...args: Args) => Promise<unknown>;

/** @param end is told the exit code of a command that has one of its own. */
export function createProgram(terminal: Terminal, end: (code: number) => void): Command {
  const { stdout, stderr, env } = terminal.io;
  const program = new Command("bucketlog")
    .description("buckets with a memory")
    .version(packageVersion())
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: (text) => printUsageError(terminal, text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ optionDescription: describeOption })
    .hook("preAction", (_, command) => {
      nameFile(command);
      readTwins(command, env);
    });

  /** Loads a command when it is run: asking for help need not wait for what it needs. */
  const runs =
    <Args extends unknown[]>(load: () => Promise<Run<Args>>) =>
    async (...args: Args): Promise<void> => {
      const code = await (await load())(terminal, ...args);
      if (typeof code === "number") end(code);
    };
  /** The name of the file is among the flags. */
  const runsOnFile =
    <Flags>(load: () => Promise<Run<[Flags]>>) =>
    (_file: string | undefined, flags: Flags): Promise<void> =>
      runs(load)(flags);

  program.commandsGroup("Start:");

  program
    .command("demo")
    .description("try it: temporary, deletes itself")
    .addOption(option("--once", "exit when everything was shown").default(false))
    .addOption(port())
    .action(runs(async () => (await import("./demo.js")).demo));

  const serve = program.command("serve");
  if (tellsInJson(terminal)) {
    serve.configureOutput({ outputError: (text) => logUsageError(terminal, text) });
  }
  onFile(serve)
    .description("the API")
    .addOption(port())
    .addOption(option("--host <host>", "the address to listen on").default("127.0.0.1"))
    .addOption(option("--token <token>", "an admin token, 16 to 512 visible characters"))
    .addOption(option("--no-auth", "serve without tokens, on loopback only"))
    .addOption(option("--no-ui", "the API alone, without the web page under /ui/"))
    .addOption(
      option("--allow-loopback-urls", "take URLs of the own machine, for development").default(
        false,
      ),
    )
    .addOption(option("--require-if-match", "refuse writes without If-Match").default(false))
    .addOption(option("--strict", "refuse unknown and read-only fields").default(false))
    .addOption(
      option("--durability <level>", "what a power cut may take")
        .choices(["full", "relaxed"])
        .default("full"),
    )
    .addOption(option("--read-only", "beside a server that writes").default(false))
    .addOption(
      option("--without-secrets", "source adapters off, where their key is gone").default(false),
    )
    .addOption(
      option("--max-queue-ms <ms>", "refuse writes that would wait longer for their turn")
        .default(2_000)
        .argParser(wholeNumber("A time", 3_600_000)),
    )
    .addOption(
      option("--read-audit-days <n>", "how long it is kept who read what, while reads are audited")
        .default(90)
        .argParser(wholeNumber("A number of days", 36_500)),
    )
    .addOption(
      option("--scrub-mib-per-second <n>", "go through all that is stored so fast; 0 for not")
        .default(1)
        .argParser(wholeNumber("A rate", 10_000, 0)),
    )
    .addOption(
      option("--readers <n>", "threads for lists, histories and other reads of much; 0 for none")
        .default(Math.min(readersMaxDefault, availableParallelism()))
        .argParser(wholeNumber("A number of threads", 64, 0)),
    )
    .addOption(
      option("--read-timeout <seconds>", "end such a read that gives nothing for so long")
        .default(10)
        .argParser(wholeNumber("A time", 3_600)),
    )
    .addOption(
      option("--memory-budget <mib>", "for bodies and answers that are under way")
        .default(512)
        .argParser(wholeNumber("A size", 1_048_576, 32)),
    )
    .addOption(
      option("--min-free-disk <mib>", "refuse writes once the disk has less free; 0 for no floor")
        .default(256)
        .argParser(wholeNumber("A size", 1_073_741_824, 0)),
    )
    .addOption(
      option(
        "--max-upload-bytes <n>",
        "of the uploads of one namespace; no bound unless given",
      ).argParser(wholeNumber("A number of bytes", Number.MAX_SAFE_INTEGER)),
    )
    .addOption(
      option("--max-connections <n>", "refuse more than that")
        .default(limits.connectionsMax)
        .argParser(wholeNumber("A number of connections", 1_000_000)),
    )
    .addOption(
      option("--max-streams <n>", "refuse more change feeds that go on")
        .default(limits.streamsMax)
        .argParser(wholeNumber("A number of streams", 1_000_000)),
    )
    .addOption(acceptTruncation())
    .addOption(resumeTimers())
    .addOption(option("--ephemeral", "in a file that is gone when it ends").default(false))
    .addOption(option("--seed <file>", "what a new store begins with, NDJSON"))
    .addOption(
      option("--allow-reset", "let POST /v1/admin/reset go back to the seed").default(false),
    )
    .addOption(
      option("--public-url <url>", "where clients reach the server").argParser(
        checked(parsePublicUrl),
      ),
    )
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
        "--trusted-proxies <ranges...>",
        "whose X-Forwarded-For and Forwarded are read, as 10.0.0.0/8",
      ).argParser(parseRanges),
    )
    .addOption(
      option(
        "--rate-limit <count>",
        "requests per minute of one token; no limit unless given",
      ).argParser(wholeNumber("A rate", 1_000_000)),
    )
    .addOption(
      option(
        "--past-cache-seconds <n>",
        "let caches keep answers about the past, also beyond an erasure",
      )
        .default(0)
        .argParser(wholeNumber("A time", 31_536_000, 0)),
    )
    .addOption(
      option("--log-level <level>", "how much to log")
        .choices(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
        .default("info"),
    )
    .addOption(backupTo())
    .addOption(backupEvery())
    .addOption(
      option("--backup-keep <counts>", "the newest of so many hours, days and weeks")
        .default(parseKeep("24h,7d,4w"), "24h,7d,4w")
        .argParser(checked(parseKeep)),
    )
    .addOption(
      option("--checkpoint-seconds <seconds>", "sign the log so often, if it has grown").argParser(
        wholeNumber("A time", 86_400),
      ),
    )
    .addOption(anchorFile())
    .addOption(anchorCommand())
    .addOption(
      option("--origin <name>", "what the log signs as, as example.com/buckets").argParser(
        parseLogName,
      ),
    )
    .addOption(
      option(
        "--public-checkpoints",
        "show checkpoints and the tree of hashes to everybody, without a token",
      ).default(false),
    )
    .addOption(option("--backup-root <folder>", "where POST /v1/admin/backups may put backups"))
    .action(runsOnFile(async () => (await import("./serve.js")).serve));

  program.commandsGroup("Look:");

  onStore(program.command("ls"))
    .description("the buckets, by name")
    .addOption(namespace())
    .addOption(option("--search <text>", "only those whose id, name or description has it"))
    .addOption(point("--as-of <point>", "when"))
    .addOption(json())
    .action(runs(async () => (await import("./look.js")).ls));

  onStore(program.command("log"))
    .description("changes of a bucket, or of the namespace, newest first")
    .argument("[bucket]", "its id or name")
    .addOption(namespace().default("default", "default; * for all, without a bucket"))
    .addOption(json())
    .addOption(
      option("--limit <count>", "how many").default(50).argParser(wholeNumber("A count", 1_000)),
    )
    .addOption(point("--since <point>", "the oldest"))
    .addOption(point("--until <point>", "the newest"))
    .addOption(option("--actor <name>", "only what this one did"))
    .addOption(option("--path <pointer>", "only what changed this, such as /metadata"))
    .action(runs(async () => (await import("./look.js")).log));

  looking(program.command("show"))
    .description("the state, now or then")
    .addOption(point("--as-of <point>", "when"))
    .action(runs(async () => (await import("./look.js")).show));

  looking(program.command("diff"))
    .description("what changed between two points")
    .addArgument(pointArgument("<a>", "from"))
    .addArgument(pointArgument("[b]", "to; now unless given"))
    .action(runs(async () => (await import("./look.js")).diff));

  looking(program.command("blame"))
    .description("who last set each field, now or then")
    .addOption(point("--as-of <point>", "when"))
    .addOption(option("--path <pointer>", "only what is below it, such as /metadata"))
    .action(runs(async () => (await import("./look.js")).blame));

  looking(program.command("replay"))
    .description("fold a bucket anew from the log")
    .addOption(point("--from <point>", "the first event"))
    .addOption(point("--to <point>", "the last event"))
    .action(runs(async () => (await import("./look.js")).replay));

  onStore(program.command("tail"))
    .description("changes as they are committed, until Ctrl-C")
    .addOption(namespace().default("default", "default; * for all"))
    .addOption(
      option(
        "--after <cursor>",
        "where to go on: a cursor or a position; 10 before the end, if not",
      ),
    )
    .addOption(option("--bucket <bucket>", "only this one, by its id or name"))
    .addOption(option("--types <types>", "only these, such as bucket.patched,bucket.deleted"))
    .addOption(option("--once", "exit when everything was shown").default(false))
    .addOption(json())
    .action(runs(async () => (await import("./tail.js")).tail));

  program.commandsGroup("Change:");

  writing(onStore(program.command("create")))
    .description("make a bucket")
    .argument("<name>")
    .argument("[json]", "what else it is to have, or - for standard input")
    .addOption(namespace())
    .addOption(json())
    .action(runs(async () => (await import("./change.js")).create));

  changing(program.command("patch"))
    .description("change a bucket; a field that is given replaces the field")
    .argument("<json>", "the patch, or - for standard input")
    .addOption(
      option("--type <type>", "RFC 7396 or RFC 6902 instead").choices(["merge", "json-patch"]),
    )
    .action(runs(async () => (await import("./change.js")).patch));

  changing(program.command("revert"))
    .description("put a bucket back; shows the difference first")
    .addArgument(pointArgument("<point>", "to how it was then"))
    .addOption(
      option("--field <pointer>", "only this, such as /description; may be repeated").argParser(
        lines,
      ),
    )
    .addOption(option("--undo", "take back that one event instead").default(false))
    .addOption(option("--yes", "do not ask").default(false))
    .action(runs(async () => (await import("./change.js")).revert));

  onStore(program.command("restore-namespace"))
    .description("put all buckets and objects back; shows what would change first")
    .addOption(namespace())
    .addOption(
      option("--as-of <moment>", "to how it was then: @1234 | a time | -2h")
        .makeOptionMandatory()
        .argParser(resolveAgo),
    )
    .addOption(option("--reason <text>", "why, kept with the changes"))
    .addOption(option("--as <name>", "who; on a server only an admin may say so"))
    .addOption(option("--dry-run", "show it, change nothing").default(false))
    .addOption(option("--yes", "do not ask").default(false))
    .addOption(json())
    .action(runs(async () => (await import("./restore-namespace.js")).restoreNamespace));

  program.commandsGroup("Keep:");

  onStore(program.command("export"))
    .description("the history of a bucket, of the namespace, or the whole log")
    .argument("[bucket]", "its id or name")
    .addOption(option("--log", "all of the file, signed, as import --log reads it").default(false))
    .addOption(namespace().default("default", "default; * for all, without a bucket"))
    .addOption(
      option("--format <format>", "one line per event, or per change")
        .choices(["ndjson", "csv"])
        .default("ndjson"),
    )
    .addOption(output("replaced once the export is whole; else standard output"))
    .addOption(option("--blobs <folder>", "with --log, copy the bytes of its blobs there"))
    .addOption(point("--since <point>", "the oldest"))
    .addOption(point("--until <point>", "the newest"))
    .addOption(option("--actor <name>", "only what this one did"))
    .action(runs(async () => (await import("./export.js")).exportHistory));

  program
    .command("extract")
    .description("a moment as a plain SQLite file, to ask in SQL")
    .argument("<out>", "a new file")
    .addOption(file())
    .addOption(point("--as-of <point>", "when"))
    .addOption(option("--namespace <name>", "only this one; all unless given"))
    .addOption(json())
    .action(runs(async () => (await import("./extract.js")).extract));

  onStore(program.command("backup"))
    .description("copy everything while it goes on, proved and signed")
    .argument("<to>", "a new folder; on a server, below its --backup-root")
    .addOption(
      option("--update", "replace an earlier backup there, and copy only new blobs").default(false),
    )
    .addOption(option("--link", "link blobs in the place of copying them").default(false))
    .addOption(option("--no-verify", "do not prove the copy"))
    .addOption(option("--with-keys", "put the keys into it, sealed").default(false))
    .addOption(option("--passphrase-file <file>", "what the keys are sealed with"))
    .addOption(json())
    .action(runs(async () => (await import("./backup.js")).backup));

  program
    .command("restore")
    .description("make a store of a backup, in a new file; proved first")
    .argument("<from>", "the folder of the backup")
    .argument("<file>", "the SQLite file to make")
    .addOption(
      option("--at <moment>", "only what was there by then: @1234 | a time | -2h").argParser(
        resolveAgo,
      ),
    )
    .addOption(keys())
    .addOption(
      option("--erasures <file>", "the register of erasures; that beside the file unless given"),
    )
    .addOption(option("--passphrase-file <file>", "opens the keys in it"))
    .addOption(resumeTimers())
    .addOption(json())
    .action(runs(async () => (await import("./backup.js")).restore));

  onStore(program.command("import"))
    .description("the changes of an exported history or a seed; or a whole log as a new file")
    .argument("<from>", "what export wrote, or commands, one JSON object a line")
    .addOption(
      option("--log", "what export --log wrote, into a new file; every hash is checked").default(
        false,
      ),
    )
    .addOption(namespace())
    .addOption(
      option("--skip <types...>", "events to leave out, such as delivery.accepted").argParser(
        several,
      ),
    )
    .addOption(option("--blobs <folder>", "has the bytes of blobs, as <file>.blobs does"))
    .addOption(
      option("--up-to <position>", "with --log, the last that is written: @1234").argParser(
        position,
      ),
    )
    .addOption(resumeTimers())
    .addOption(
      option("--from-line <line>", "go on behind what was refused").argParser(
        wholeNumber("A line", Number.MAX_SAFE_INTEGER),
      ),
    )
    .addOption(keys())
    .addOption(json())
    .action(runs(async () => (await import("./import.js")).importFile));

  onFile(program.command("verify"))
    .description("prove that nothing was altered")
    .addOption(option("--expect <head>", "a head that was noted elsewhere, POSITION:HASH"))
    .addOption(option("--checkpoint <file>", "a signed note of before, which it must go on from"))
    .addOption(keys())
    .addOption(option("--content", "hash the bytes of every blob again").default(false))
    .addOption(json())
    .action(runsOnFile(async () => (await import("./keep.js")).verify));

  onStore(program.command("checkpoint"))
    .description("the newest signed head of the log; keep it elsewhere")
    .addOption(option("--sign", "sign the log as it is now").default(false))
    .addOption(anchorFile())
    .addOption(anchorCommand())
    .addOption(json())
    .action(runs(async () => (await import("./proofs.js")).checkpoint));

  onStore(program.command("prove"))
    .description("a file that proves one event to whoever has the key of the log")
    .argument("<bucket>", "its id or name")
    .argument("<version>", "which event of it", wholeNumber("A version", Number.MAX_SAFE_INTEGER))
    .addOption(namespace())
    .addOption(option("--object <object>", "of this object of the bucket"))
    .addOption(option("--disclose <parts...>", "what of it is shown").choices(disclosable))
    .addOption(
      option("--with-previous", "prove as well that the event before is that one").default(false),
    )
    .addOption(output("where to; else standard output"))
    .action(runs(async () => (await import("./proofs.js")).prove));

  program
    .command("check-proof")
    .description("check such a file, with no store and no server")
    .argument("<file>", "what prove wrote")
    .addOption(keys())
    .addOption(
      option("--policy <file>", "whose signatures it needs: logs and witnesses (C2SP tlog-policy)"),
    )
    .addOption(json())
    .action(runs(async () => (await import("./proofs.js")).checkProof));

  onFile(program.command("fork-log"))
    .description("go on under another name with a log that lacks what it has signed")
    .addOption(
      option("--reason <text>", "why, kept with the event that says so").makeOptionMandatory(),
    )
    .addOption(acceptTruncation())
    .addOption(json())
    .action(runsOnFile(async () => (await import("./proofs.js")).forkLog));

  const sign = program.command("sign").description("what the log signs with");

  sign
    .command("key")
    .description("the key that checkpoints and proofs are checked with: hand it to others")
    .addOption(file())
    .action(runs(async () => (await import("./proofs.js")).signingKey));

  sign
    .command("rotate")
    .description("another key from now on; the log says so, and the old one signs along")
    .addOption(file())
    .addOption(
      option("--overlap <time>", "how long both sign: 12h | 30d")
        .default(30 * 86_400_000, "30d")
        .argParser(parseOverlap),
    )
    .addOption(
      option("--compromised", "the old key is lost or stolen: it signs nothing more").default(
        false,
      ),
    )
    .addOption(option("--reason <text>", "why, kept with the event that says so"))
    .addOption(output("where to put the proof of that event"))
    .addOption(json())
    .action(runs(async () => (await import("./key-rotation.js")).rotateKey));

  onFile(program.command("rebuild"))
    .description("fold the view anew from the log")
    .addOption(json())
    .action(runsOnFile(async () => (await import("./keep.js")).rebuild));

  onFile(program.command("doctor"))
    .description("what is well, and what is not")
    .addOption(
      option("--repair-modes", "take away what others may do with the files").default(false),
    )
    .addOption(backupTo())
    .addOption(backupEvery())
    .addOption(json())
    .action(runsOnFile(async () => (await import("./doctor.js")).doctor));

  const token = program
    .command("token")
    .description("access tokens, while no server holds the file");
  const ofTokens = (command: Command) => command.addOption(file()).addOption(json());
  const changesToken = (command: Command) =>
    ofTokens(command)
      .addOption(option("--reason <text>", "why, kept with the event that says so"))
      .addOption(option("--as <name>", "who does it"));

  changesToken(token.command("create"))
    .description("make one; its secret is printed this once")
    .argument("<name>", "who it is for: the actor on events")
    .addOption(
      option("--permission <level>", "each includes those before it")
        .choices(["read", "write", "delete", "admin"])
        .default("write"),
    )
    .addOption(
      option("--namespaces <names...>", "the namespaces that it opens; all unless given").argParser(
        several,
      ),
    )
    .addOption(option("--expires-at <time>", "when it stops to open anything, RFC 3339"))
    .action(runs(async () => (await import("./token.js")).createToken));

  ofTokens(token.command("list"))
    .description("without their secrets; with --as-of those that opened the store then")
    .addOption(point("--as-of <point>", "when"))
    .action(runs(async () => (await import("./token.js")).listTokens));

  changesToken(token.command("rotate"))
    .description("another secret; the old one opens nothing from this moment")
    .argument("<name>")
    .action(runs(async () => (await import("./token.js")).rotateToken));

  changesToken(token.command("revoke"))
    .description("from this moment it opens nothing")
    .argument("<name>")
    .action(runs(async () => (await import("./token.js")).revokeToken));

  const secrets = program
    .command("secrets")
    .description("the key of the stored secrets, while no server holds the file");

  ofTokens(secrets.command("rotate-key"))
    .description("seal every secret under a new key")
    .action(runs(async () => (await import("./secrets.js")).rotateKey));

  program
    .command("completion")
    .description("what a shell completes commands and options with")
    .addArgument(new Argument("<shell>").choices(shells))
    .action(
      runs(async () => {
        const { completion } = await import("./completion.js");
        return (_terminal: Terminal, shell: Shell) => completion(terminal, shell, program);
      }),
    );

  return program;
}

/** It quotes what was typed, or pasted; a suggestion is a line of its own. */
function printUsageError(terminal: Terminal, text: string): void {
  const [, said = text, suggestion] = /^(.*?)(?:\n(\(Did you mean .*\)))?\n*$/s.exec(text) ?? [];
  terminal.printError(line`${said}`);
  if (suggestion !== undefined) terminal.printError(line`${suggestion}`);
}
