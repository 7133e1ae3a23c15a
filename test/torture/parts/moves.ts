/** A file is moved away under load, and back: what was under way then is there, though nobody was told so. */
import { renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Journal } from "../journal.js";
import { judge } from "../judge.js";
import { Load } from "../load.js";
import type { Part, Result, Setting } from "../part.js";
import { Address, Service } from "../service.js";

/** How long a file is away, at most, and how long the clients have before the next one is. */
const awayMs = 100;
const backMs = 200;
const recoveryMs = 30_000;

export const moves: Part = {
  name: "moves",
  title:
    "Files are moved away and back: what was acknowledged is there, and it goes on from what is.",
  unit: "moves",
  full: 100,
  smoke: 5,
  run,
};

async function run({ dist, folder, random, count, say, isOver }: Setting): Promise<Result> {
  const file = join(folder, "buckets.db");
  using journal = new Journal(join(folder, "journal"));
  const service = await Service.start({ dist, file });
  const address = new Address();
  address.set(service);
  const load = new Load({ name: "moves", address, journal, random, clients: 4 });
  await load.start();
  const faults: string[] = [];
  let moved = 0;
  let told = 0;
  for (; moved < count && !isOver(); moved += 1) {
    await wait(random.below(backMs));
    const path = `${file}${random.pick(["", "-wal", ".lock"])}`;
    renameSync(path, `${path}.away`);
    await wait(random.below(awayMs));
    if (!(await isReady(service))) told += 1;
    renameSync(`${path}.away`, path);
    if (service.isGone || !(await becomesReady(service))) {
      faults.push(`${path}: not ready ${recoveryMs / 1_000} s after it was back`);
      break;
    }
    if (moved % 20 === 19) say(`${moved + 1} moves, ${faults.length} wrong`);
  }
  await load.stop();
  await service.stop();
  const judged = await judge({ dist, file, attempts: journal.all() });
  return {
    figures: { moves: moved, "while it was not ready": told, ...judged.figures },
    faults: [...faults, ...judged.faults],
  };
}

async function becomesReady(service: Service): Promise<boolean> {
  const until = performance.now() + recoveryMs;
  while (performance.now() < until) {
    if (await isReady(service)) return true;
    await wait(50);
  }
  return false;
}

async function isReady({ url }: Service): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`);
  await answer.body?.cancel();
  return answer.status === 200;
}
