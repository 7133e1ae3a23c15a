/** `bucketlog completion`: scripts for shells, made from the definitions of the commands. */
import type { Command, Option } from "commander";
import { Line } from "./line.js";
import type { Terminal } from "./terminal.js";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export async function completion(
  terminal: Terminal,
  shell: Shell,
  program: Command,
): Promise<void> {
  terminal.print(new Line(scripts[shell](program)));
}

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

interface Place {
  /** As it is typed, such as `token create`; empty for the program. */
  readonly name: string;
  readonly command: Command;
}

/** The program, its commands, and theirs. */
function placesOf(command: Command, name = ""): readonly Place[] {
  const below = command.commands.flatMap((one) => placesOf(one, `${name} ${one.name()}`.trim()));
  return [{ name, command }, ...below];
}

/** What can come next: commands where there are some, and options. */
function wordsOf({ command }: Place): readonly string[] {
  const [argument] = command.registeredArguments;
  return [
    ...command.commands.map((one) => one.name()),
    ...(argument?.argChoices ?? []),
    ...command.options.flatMap(({ long }) => long ?? []),
    "--help",
  ];
}

interface Taking {
  readonly short: string | undefined;
  /** Undefined for what only its user knows. */
  readonly choices: readonly string[] | undefined;
}

/** Options that take something, with what they take. */
function valuesOf(places: readonly Place[]): ReadonlyMap<string, Taking> {
  const options = places.flatMap(({ command }) => command.options);
  return new Map(
    options.flatMap(({ long, short, required, argChoices }) =>
      required && long !== undefined ? [[long, { short, choices: argChoices }]] : [],
    ),
  );
}

const fileOptions = ["--file", "--seed", "--output"];

/** The branches of a `case` over the option before the word that is completed. */
function valueCases(places: readonly Place[], files: string, take: (words: string) => string) {
  return [...valuesOf(places)].map(([option, { short, choices }]) => {
    const act = fileOptions.includes(option) ? files : take((choices ?? []).join(" "));
    return `    ${short === undefined ? option : `${short}|${option}`}) ${act}; return ;;`;
  });
}

/** The branches of a `case` that finds the command among the words. */
function commandCases(places: readonly Place[]): readonly string[] {
  return places
    .filter(({ name }) => name !== "")
    .map(({ name }) => {
      const [first, second] = name.split(" ");
      const seen = second === undefined ? ` ${first}` : `${first} ${second}`;
      return `      "${seen}") command="${name}" ;;`;
    });
}

function wordCases(places: readonly Place[], take: (words: string) => string): readonly string[] {
  return places.map((place) => `    "${place.name}") ${take(wordsOf(place).join(" "))} ;;`);
}

function bashScript(program: Command): string {
  const places = placesOf(program);
  const take = (words: string) => `COMPREPLY=($(compgen -W "${words}" -- "$current"))`;
  return [
    "# bucketlog completion bash > /etc/bash_completion.d/bucketlog",
    "_bucketlog() {",
    `  local current="\${COMP_WORDS[COMP_CWORD]}" command="" word`,
    "  COMPREPLY=()",
    `  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
    '    case "$command $word" in',
    ...commandCases(places),
    "    esac",
    "  done",
    `  case "\${COMP_WORDS[COMP_CWORD-1]}" in`,
    ...valueCases(places, 'COMPREPLY=($(compgen -f -- "$current"))', take),
    "  esac",
    '  case "$command" in',
    ...wordCases(places, take),
    "  esac",
    "}",
    "complete -o default -F _bucketlog bucketlog",
  ].join("\n");
}

function zshScript(program: Command): string {
  const places = placesOf(program);
  const take = (words: string) => (words === "" ? ":" : `compadd -- ${words}`);
  return [
    "#compdef bucketlog",
    "# bucketlog completion zsh > ~/.zfunc/_bucketlog",
    "_bucketlog() {",
    '  local command="" word',
    `  for word in "\${(@)words[2,CURRENT-1]}"; do`,
    '    case "$command $word" in',
    ...commandCases(places),
    "    esac",
    "  done",
    `  case "\${words[CURRENT-1]}" in`,
    ...valueCases(places, "_files", take),
    "  esac",
    '  case "$command" in',
    ...wordCases(places, take),
    "  esac",
    `  [[ "\${words[CURRENT]}" == -* ]] || _files`,
    "}",
    "compdef _bucketlog bucketlog",
  ].join("\n");
}

function fishScript(program: Command): string {
  const lines = placesOf(program).flatMap((place) => {
    const { name, command } = place;
    const condition = name === "" ? "__fish_use_subcommand" : fishCondition(name);
    const head = `complete -c bucketlog -n '${condition}'`;
    return [
      ...command.commands.map((one) => `${head} -f -a ${one.name()} -d '${one.description()}'`),
      ...command.options.map((option) => `${head} ${fishOption(option)}`),
    ];
  });
  return ["# bucketlog completion fish > ~/.config/fish/completions/bucketlog.fish", ...lines].join(
    "\n",
  );
}

function fishCondition(name: string): string {
  return name
    .split(" ")
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join("; and ");
}

function fishOption({ long, short, required, argChoices, description }: Option): string {
  const isFile = fileOptions.includes(long ?? "");
  const takes = required ? (isFile ? " -r -F" : " -x") : " -f";
  const choices = argChoices === undefined ? "" : ` -a '${argChoices.join(" ")}'`;
  const letter = short === undefined ? "" : `-s ${short.replace(/^-/, "")} `;
  const told = description.replaceAll("'", "\\'");
  return `${letter}-l ${(long ?? "").replace(/^--/, "")}${takes}${choices} -d '${told}'`;
}
