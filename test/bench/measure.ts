/** Measures one benchmark: everybody in turns, round after round, and the lines of what that brought. */
import { type Bench, type Contender, type Line, NotInstalled, type Sample } from "./bench.js";
import { load } from "./machine.js";
import type { BenchResult, LineResult } from "./result.js";
import type { Setup } from "./setup.js";
import { spreadOf } from "./statistics.js";

export interface Builds {
  readonly this: string;
  /** Another build to hold it against. */
  readonly against?: string;
}

type Rounds = Map<string, Sample[]>;

export async function measure(bench: Bench, builds: Builds, setup: Setup): Promise<BenchResult> {
  const began = load();
  const contenders = new Map<string, Contender>();
  const leftOut: BenchResult["left_out"] = [];
  try {
    for (const [name, dist] of Object.entries(builds)) {
      contenders.set(name, await bench.subject(setup, dist));
    }
    for (const [name, start] of Object.entries(bench.floors)) {
      const floor = await start(setup);
      if (floor instanceof NotInstalled) leftOut.push({ name, how: floor.how });
      else contenders.set(name, floor);
    }
    const rounds = await runInTurns(contenders, setup);
    return {
      name: bench.name,
      title: bench.title,
      load: [began, load()],
      lines: bench.lines
        .filter(({ floor }) => floor === undefined || rounds.has(floor))
        .map((line) => resultOf(line, rounds)),
      contenders: Object.fromEntries(
        [...rounds].map(([name, samples]) => [name, spreads(samples)]),
      ),
      left_out: leftOut,
    };
  } finally {
    for (const contender of contenders.values()) await contender.close();
  }
}

/** A B C, then C B A, and so on: what slows the machine down for a while hits all alike. */
async function runInTurns(
  contenders: ReadonlyMap<string, Contender>,
  setup: Setup,
): Promise<Rounds> {
  const rounds: Rounds = new Map([...contenders.keys()].map((name) => [name, []]));
  for (let round = 0; round < setup.rounds; round += 1) {
    const turns = [...contenders];
    for (const [name, contender] of round % 2 === 0 ? turns : turns.reverse()) {
      await contender.warm();
      rounds.get(name)?.push(await contender.run());
    }
  }
  return rounds;
}

/** A ratio is taken within each round, and the median and spread over the rounds. */
function resultOf(line: Line, rounds: Rounds): LineResult {
  const { title, unit, better, target, hope } = line;
  const valuesOf = (build: string) => {
    const floors = line.floor === undefined ? [] : (rounds.get(line.floor) ?? []);
    return (rounds.get(build) ?? []).map((sample, at) => line.value(sample, floors[at] ?? {}));
  };
  const values = valuesOf("this");
  const others = valuesOf("against");
  return {
    title,
    unit,
    better,
    ...(target !== undefined && { target }),
    ...(hope !== undefined && { hope }),
    ...spreadOf(values),
    ...(others.length > 0 && {
      against: spreadOf(others),
      change: spreadOf(values.map((value, at) => value / (others[at] ?? Number.NaN))),
    }),
  };
}

function spreads(samples: readonly Sample[]): BenchResult["contenders"][string] {
  const names = Object.keys(samples[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, spreadOf(samples.map((sample) => sample[name] ?? Number.NaN))]),
  );
}
