/** Every option has an environment twin, which is read as the option is and gives way to it. */
import { Readable, Writable } from "node:stream";
import { type Command, CommanderError, type Option } from "commander";
import { describe, expect, test } from "vitest";
import { createProgram } from "../../src/cli/program.js";
import { Terminal } from "../../src/cli/terminal.js";
import { readTwins, twinOf } from "../../src/cli/twins.js";
import { openBuckets } from "../../src/index.js";
import { bucketlog, makeFile, temporaryFolder } from "../support/cli.js";

function commandsOf(command: Command): readonly Command[] {
  if (command.commands.length > 0) return command.commands.flatMap(commandsOf);
  return [command];
}

function freshCommands(): readonly Command[] {
  const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = new Terminal({
    stdin: Readable.from([]),
    stdout: nowhere(),
    stderr: nowhere(),
    env: {},
    cwd: "/",
    untilStopped: async () => {},
  });
  return commandsOf(createProgram(terminal, () => {}));
}

/** A command of its own for each use, because values stay in it. */
function fresh(index: number): Command {
  const command = freshCommands()[index];
  if (command === undefined) throw new Error("no such command");
  return command;
}

const cases = freshCommands().flatMap((command, index) =>
  command.options.map((option) => ({ index, option, name: `${command.name()} ${option.long}` })),
);

const isSwitch = (option: Option) => option.isBoolean() || option.negate;

/** Two values that the option takes, and on the command line. */
function samples(option: Option): readonly { env: string; args: readonly string[] }[] {
  if (isSwitch(option)) return [{ env: "yes", args: [option.long ?? ""] }];
  const candidates = option.argChoices ?? [
    "1",
    "2",
    "64",
    "/a",
    "/b",
    "https://a.example.com",
    "*",
    "10.0.0.0/8",
    "2h",
    "3d",
  ];
  const taken = candidates.filter((text) => {
    try {
      option.parseArg?.(text, undefined);
      return true;
    } catch {
      return false;
    }
  });
  return taken.slice(0, 2).map((env) => ({ env, args: [option.long ?? "", env] }));
}

describe.each(cases)("$name", ({ index, option }) => {
  const [one, other = one] = samples(option);
  const read = (command: Command) => command.getOptionValue(option.attributeName());

  test("has a twin that is read as it is itself", () => {
    const [given, set] = [fresh(index), fresh(index)];
    given.parseOptions([...(one?.args ?? [])]);
    readTwins(set, { [twinOf(option)]: one?.env });
    expect(read(set)).toEqual(read(given));
    expect(set.getOptionValueSource(option.attributeName())).toBe("env");
  });

  test("goes before its twin; one that is empty says nothing", () => {
    const [given, set, left] = [fresh(index), fresh(index), fresh(index)];
    given.parseOptions([...(one?.args ?? [])]);
    set.parseOptions([...(one?.args ?? [])]);
    readTwins(set, { [twinOf(option)]: isSwitch(option) ? "no" : other?.env });
    expect(read(set)).toEqual(read(given));
    const before = read(left);
    readTwins(left, { [twinOf(option)]: "" });
    expect(read(left)).toEqual(before);
  });
});

test.for(cases.filter(({ option }) => isSwitch(option)))(
  "$name is off or on, and nothing else",
  ({ index, option }) => {
    const read = (command: Command) => command.getOptionValue(option.attributeName());
    const before = read(fresh(index));
    const expected = {
      false: before,
      0: before,
      NO: before,
      true: !before,
      1: !before,
      Yes: !before,
    };
    for (const [text, value] of Object.entries(expected)) {
      const command = fresh(index);
      readTwins(command, { [twinOf(option)]: text });
      expect(read(command), text).toBe(value);
    }
    for (const text of ["maybe", "2", "on ", "undefined"]) {
      const reading = () => readTwins(fresh(index), { [twinOf(option)]: text });
      expect(reading, text).toThrow(CommanderError);
    }
  },
);

describe("a twin", () => {
  test.for([
    [{ BUCKETLOG_JSON: "maybe" }, "error: BUCKETLOG_JSON is invalid. It is true, 1 or yes; or"],
    [{ BUCKETLOG_LIMIT: "x" }, "error: BUCKETLOG_LIMIT is invalid. A count is a number from 1"],
    [{ BUCKETLOG_FILE: "a", BUCKETLOG_URL: "b" }, "BUCKETLOG_FILE and BUCKETLOG_URL cannot be"],
  ] as const)("that is wrong (%s) exits 2 and is named", async ([env, says]) => {
    const ran = await bucketlog(temporaryFolder(), ["log", "videos"], env);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain(says);
  });

  test("of another place gives way to a place on the command line", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const nowhere = { BUCKETLOG_URL: "http://127.0.0.1:1", BUCKETLOG_FILE: "" };
    const ofFile = await bucketlog(folder, ["show", "videos", "--file", file], nowhere);
    expect(ofFile).toMatchObject({ code: 0, err: "" });
    const url = ["show", "videos", "--url", "http://127.0.0.1:1"];
    const ofUrl = await bucketlog(folder, url, { BUCKETLOG_FILE: file });
    expect(ofUrl).toMatchObject({ code: 1, err: expect.stringMatching(/^error \[UNREACHABLE\]/) });
  });

  test("that says no neither reverts unasked nor lets a file be reset", async () => {
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    const ran = await bucketlog(folder, ["revert", "videos", "2"], { BUCKETLOG_YES: "false" });
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining("Nothing was changed") });
    await using store = await openBuckets({ file, readOnly: true });
    expect((await store.head()).position).toBe(3);
  });
});

describe("the file", () => {
  test.for([["verify"], ["rebuild"]])(
    "of %s is named with or without the flag, or in the environment",
    async ([name = ""]) => {
      const file = await makeFile(temporaryFolder());
      const elsewhere = temporaryFolder();
      const first = await bucketlog(elsewhere, [name, file]);
      expect(first).toMatchObject({ code: 0, err: "" });
      const other = { BUCKETLOG_FILE: "none.db" };
      expect(await bucketlog(elsewhere, [name, "--file", file])).toEqual(first);
      expect(await bucketlog(elsewhere, [name, file], other)).toEqual(first);
      expect(await bucketlog(elsewhere, [name], { BUCKETLOG_FILE: file })).toEqual(first);
    },
  );

  test("that is named twice, differently, exits 2", async () => {
    const ran = await bucketlog(temporaryFolder(), ["verify", "a.db", "--file", "b.db"]);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("the file is named twice");
  });
});
