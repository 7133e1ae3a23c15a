/** The process is killed under load, again and again, and its clients go on with whoever comes next. */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { checkFeed, FeedReader } from "../feed.js";
import { Journal } from "../journal.js";
import { judge } from "../judge.js";
import { Load } from "../load.js";
import type { Part, Result, Setting } from "../part.js";
import { Address, Service } from "../service.js";

const clients = 6;
const answersMs = 10_000;

export const kills: Part = {
  name: "kills",
  title: "kill -9 under load: retries find what was done, streams go on where they were.",
  unit: "kills",
  full: 200,
  smoke: 5,
  run,
};

async function run({ dist, folder, random, count, isOver, say }: Setting): Promise<Result> {
  const file = join(folder, "buckets.db");
  const address = new Address();
  using journal = new Journal(join(folder, "journal"));
  const load = new Load({ name: "kills", address, journal, random, clients });
  const reader = new FeedReader();
  let service = await Service.start({ dist, file });
  address.set(service);
  reader.start(address);
  await load.start();
  let killed = 0;
  while (killed < count && !isOver()) {
    await answers(journal, 10 + random.below(80));
    address.set(undefined);
    await service.kill();
    service = await Service.start({ dist, file });
    address.set(service);
    killed += 1;
    if (killed % 20 === 0) say(`${killed} kills`);
  }
  await load.stop();
  const attempts = journal.all();
  const head = await headOf(service);
  await reader.until(head);
  await reader.stop();
  const status = await service.stop();
  const judged = await judge({ dist, file, attempts });
  return {
    figures: {
      kills: killed,
      clients,
      ...judged.figures,
      "whose outcome stayed unknown": judged.unknown,
      "events in the log": judged.events,
      "events that the stream gave": reader.positions.length,
    },
    faults: [
      ...(status === 0 ? [] : [`the last service ended with ${status}`]),
      ...judged.faults,
      ...checkFeed(reader.positions),
    ],
  };
}

/** A kill comes after so many answers, however fast the machine is. */
async function answers(journal: Journal, count: number): Promise<void> {
  const until = journal.size + count;
  const latest = performance.now() + answersMs;
  while (journal.size < until && performance.now() < latest) await wait(1);
}

async function headOf({ url }: Service): Promise<number> {
  const answer = await fetch(`${url}/readyz`);
  if (answer.status !== 200) throw new Error(`not ready after the kills: ${await answer.text()}`);
  return Number(/"position": ?(\d+)/.exec(await answer.text())?.[1]);
}
