/** How a run was asked for, and where its files lie. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

export interface Setup extends Disposable {
  /** Small data and short rounds, for rough numbers and for the smoke test. */
  readonly quick: boolean;
  readonly rounds: number;
  /** How long a round lasts whose length is free. */
  readonly roundMs: number;
  readonly warmMs: number;
  /** A path of its own for a file or folder of that name; gone with the setup. */
  path(name: string): string;
}

export function createSetup(quick: boolean): Setup {
  mkdirSync(".bench", { recursive: true });
  const folder = mkdtempSync(join(".bench", "run-"));
  let paths = 0;
  return {
    quick,
    rounds: quick ? 3 : 5,
    roundMs: quick ? 300 : 2_000,
    warmMs: quick ? 100 : 700,
    path: (name) => {
      paths += 1;
      return join(folder, `${paths}-${name}`);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
