/**
 * Builds in which one guard is missing: each must be found out, or the torture proves nothing. The
 * shipped code knows nothing of this: a copy of it is changed.
 */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Part, Result, Setting } from "../part.js";
import { clock } from "./clock.js";
import { damage } from "./damage.js";
import { kills } from "./kills.js";
import { moves } from "./moves.js";
import { fullPowerLoss } from "./power-loss.js";

export interface Edit {
  /** Below the package. */
  readonly file: string;
  readonly find: RegExp;
  readonly replace: string;
}

interface Mutation {
  readonly guard: string;
  readonly edits: readonly Edit[];
  /** Who is to find it, and how often that has to try. */
  readonly part: Part;
  readonly count: number;
}

const engine = "dist/engines/sqlite/engine.js";

export const mutations: readonly Mutation[] = [
  {
    guard: "commits are synced",
    edits: [{ file: "dist/engines/sqlite/connection.js", find: /full: 2/, replace: "full: 0" }],
    part: fullPowerLoss,
    count: 60,
  },
  {
    guard: "the folders of new files are synced",
    edits: [
      {
        file: "dist/blobstore/file/blob-store.js",
        find: /async function syncFolder\(folder\) \{/,
        replace: "$& return;",
      },
      {
        file: "dist/durable-file.js",
        find: /export function syncFolderOf\(file\) \{/,
        replace: "$& return;",
      },
    ],
    part: fullPowerLoss,
    count: 120,
  },
  {
    guard: "a write is acknowledged only after its commit",
    edits: [
      {
        file: engine,
        find: /writer\.begin\.run\(\);/,
        replace: "globalThis.commitLate?.(); $&",
      },
      {
        file: engine,
        find: /writer\.commit\.run\(\);/,
        replace:
          "{ const end = () => { clearTimeout(timer); globalThis.commitLate = undefined; writer.commit.run(); };" +
          " const timer = setTimeout(end, 20); globalThis.commitLate = end; }",
      },
      // In a transaction the WAL is not copied: that would be found out by itself.
      {
        file: "dist/engines/sqlite/connection.js",
        find: /export function emptyWal\(db\) \{/,
        replace: "$& globalThis.commitLate?.();",
      },
      {
        file: "dist/engines/sqlite/connection.js",
        find: /export function copyWal\(db\) \{/,
        replace: "$& globalThis.commitLate?.();",
      },
    ],
    part: fullPowerLoss,
    count: 60,
  },
  {
    guard: "each event is chained to the one before it",
    edits: [
      {
        file: "dist/eventstore/frame.js",
        find: /into\.raw\(previousHash\)/,
        replace: "into.raw(zeroHash)",
      },
    ],
    part: kills,
    count: 1,
  },
  {
    guard: "If-Match is obeyed",
    edits: [
      {
        file: "dist/eventstore/planner.js",
        find: /const matches = ifMatch === undefined/,
        replace: "const matches = true || ifMatch === undefined",
      },
    ],
    part: kills,
    count: 6,
  },
  {
    guard: "an Idempotency-Key is looked up before the version",
    edits: [
      {
        file: "dist/eventstore/planner.js",
        find: /(const replay = [^;]+;\s+if \(replay !== undefined\)\s+return replayed\(replay\);)(\s+)(const planned = [^;]+;)/,
        replace: "$3$2$1",
      },
    ],
    part: kills,
    count: 40,
  },
  {
    guard: "events cannot be deleted",
    edits: [
      {
        file: "migrations/sqlite/0001-event-log.sql",
        find: /CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events/,
        replace: "$& WHEN 0",
      },
    ],
    part: kills,
    count: 1,
  },
  {
    guard: "the end of the log is noted beside it",
    edits: [
      {
        file: "dist/engines/sqlite/known-head.js",
        find: /export async function keepKnownHead\(place, head\) \{/,
        replace: "$& return;",
      },
      {
        file: "dist/engines/sqlite/known-head.js",
        find: /export function keepKnownHeadSync\(place, head\) \{/,
        replace: "$& return;",
      },
      {
        file: "dist/engines/sqlite/known-head.js",
        find: /keep\(head\) \{/,
        replace: "$& return;",
      },
    ],
    part: damage,
    count: 120,
  },
  {
    guard: "old Idempotency-Keys are swept",
    edits: [{ file: engine, find: /log\.forgetIdempotency\(/, replace: "((_) => {})(" }],
    part: clock,
    count: 7,
  },
  {
    guard: "states in memory are those of the head of the file",
    edits: [
      {
        file: engine,
        find: /this\.#cache\.clear\(\);(?=\s+this\.#tellChange\(undefined\);\s+throw)/,
        replace: "",
      },
      {
        file: "dist/engines/sqlite/state-cache.js",
        find: /if \(head\.position !== this\.#position\)\s+this\.clear\(\);/,
        replace: "",
      },
    ],
    part: moves,
    count: 20,
  },
];

export const mutationsPart: Part = {
  name: "mutations",
  title: "One guard is taken out of a copy of the build: the torture finds out, each time.",
  unit: "guards",
  full: mutations.length,
  smoke: 2,
  run,
};

async function run(setting: Setting): Promise<Result> {
  const figures: Record<string, string> = {};
  const faults: string[] = [];
  for (const [index, { guard, edits, part, count }] of mutations
    .slice(0, setting.count)
    .entries()) {
    if (setting.isOver()) break;
    const home = join(setting.folder, `mutant-${index}`);
    mutate(dirname(setting.dist), home, edits);
    const folder = join(home, "trial");
    mkdirSync(folder);
    const dist = join(home, "dist");
    const trial: Setting = { ...setting, dist, folder, count, isOver: () => false, say: () => {} };
    const [found, skipped] = await findOut(part, trial);
    setting.say(`${guard}: ${found ?? skipped ?? "not found out"}`);
    if (found !== undefined) figures[guard] = `found by ${part.name}`;
    else figures[guard] = skipped === undefined ? "not found out" : `not tried: ${skipped}`;
    if (figures[guard] === "not found out") faults.push(`"${guard}" is gone, and all seems well`);
  }
  return { figures, faults };
}

/**
 * @returns the first thing that was found to be wrong, a service that cannot go on included; and why it
 * was not tried.
 */
async function findOut(
  part: Part,
  trial: Setting,
): Promise<readonly [found: string | undefined, skipped: string | undefined]> {
  try {
    const { faults, skipped } = await part.run(trial);
    return [faults[0], skipped];
  } catch (error) {
    return [String(error), undefined];
  }
}

/** A package of its own in which that is changed. */
function mutate(original: string, home: string, edits: readonly Edit[]): void {
  mkdirSync(home);
  for (const name of ["dist", "migrations", "package.json"]) {
    cpSync(join(original, name), join(home, name), { recursive: true });
  }
  symlinkSync(join(original, "node_modules"), join(home, "node_modules"));
  for (const edit of edits) writeFileSync(join(home, edit.file), edited(home, edit));
}

/** The text of the file with the change. @throws unless there is one place for it. */
export function edited(home: string, { file, find, replace }: Edit): string {
  const before = readFileSync(join(home, file), "utf8");
  const places = [...before.matchAll(new RegExp(find, "g"))].length;
  if (places !== 1) throw new Error(`${file} has ${places} places like ${find}, and not one`);
  return before.replace(find, replace);
}
