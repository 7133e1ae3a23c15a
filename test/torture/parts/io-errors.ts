/** The disk fails: syncs, writes, opens and names, for a moment or for long, under load and at the start. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { Random } from "../../support/random.js";
import { Journal } from "../journal.js";
import { judge } from "../judge.js";
import { Load } from "../load.js";
import {
  allCalls,
  type Call,
  Control,
  type Fault,
  preloaded,
  type Target,
  type Trouble,
} from "../native/disk.js";
import type { Part, Result, Setting } from "../part.js";
import { Address, NotStarted, Service } from "../service.js";

const faultsPerFile = 50;
/** How long a trouble waits for a call, and how long it goes on then, at most. */
const meetMs = 500;
const troubleMs = 300;
const recoveryMs = 180_000;
/** One of so many faults meets the service while it starts. */
const atStartEvery = 10;

const failures: readonly Fault[] = [
  "EIO",
  "ENOSPC",
  "EMFILE",
  "EROFS",
  "EACCES",
  "EDQUOT",
  "SHORT",
];

export const ioErrors: Part = {
  name: "io-errors",
  title: "I/O errors: what was acknowledged is there, what was refused is not, and it recovers.",
  unit: "faults",
  full: 500,
  smoke: 20,
  run,
};

interface Tally {
  faults: number;
  hit: number;
  recovered: number;
  restarted: number;
  notStarted: number;
  attempts: number;
  unknown: number;
  lost: number;
}

async function run(setting: Setting): Promise<Result> {
  const { disk, count, say } = setting;
  if (disk === undefined) {
    return { figures: {}, faults: [], skipped: "there is no C compiler, or this is not Linux" };
  }
  const tally: Tally = {
    faults: 0,
    hit: 0,
    recovered: 0,
    restarted: 0,
    notStarted: 0,
    attempts: 0,
    unknown: 0,
    lost: 0,
  };
  const faults: string[] = [];
  while (tally.hit < count && !setting.isOver()) {
    await tryFile(setting, disk, Math.min(faultsPerFile, count - tally.hit), tally, faults);
    say(`${tally.faults} faults, ${tally.hit} met, ${faults.length} wrong`);
  }
  return {
    figures: {
      "faults that met a call": tally.hit,
      "and that met none": tally.faults - tally.hit,
      "recovered without a restart": tally.recovered,
      "needed a restart": tally.restarted,
      "refused to start, in words": tally.notStarted,
      "attempts of clients": tally.attempts,
      "whose outcome stayed unknown": tally.unknown,
      "acknowledged writes lost": tally.lost,
    },
    faults,
  };
}

async function tryFile(
  { dist, folder, random, isOver }: Setting,
  library: string,
  count: number,
  tally: Tally,
  faults: string[],
): Promise<void> {
  const own = join(folder, `file-${tally.faults}`);
  const root = join(own, "disk");
  mkdirSync(root, { recursive: true });
  const file = join(root, "buckets.db");
  using control = new Control(join(own, "control"));
  using journal = new Journal(join(own, "journal"));
  const environment = preloaded({ library, root, control: control.file });
  const address = new Address();
  const start = () => Service.start({ dist, file, environment });
  let service = await start();
  address.set(service);
  const load = new Load({ name: `io-${tally.faults}`, address, journal, random, clients: 4 });
  await load.start();
  for (let number = 0; number < count && !isOver(); number += 1) {
    const trouble = anyTrouble(random);
    const where = `${file} fault ${number} ${JSON.stringify(trouble)}`;
    tally.faults += 1;
    const isAtStart = number % atStartEvery === atStartEvery - 1;
    if (isAtStart) {
      address.set(undefined);
      await service.kill();
    }
    control.begin(trouble);
    if (isAtStart) {
      const started = await startOrSay(start, (text) => faults.push(`${where}: ${text}`));
      control.end();
      if (started === undefined) tally.notStarted += 1;
      service = started ?? (await start());
      address.set(service);
    } else {
      await meet(control);
      await wait(random.below(troubleMs));
      control.end();
    }
    if (control.hits() > 0) tally.hit += 1;
    if (service.isGone)
      faults.push(`${where}: the service ended by itself: ${service.said.slice(0, 500)}`);
    if (!service.isGone && (await becomes(service, isWellAgain))) tally.recovered += 1;
    else {
      tally.restarted += 1;
      faults.push(`${where}: not ready ${recoveryMs / 1_000} s after the disk was well again`);
      address.set(undefined);
      await service.kill();
      service = await start();
      address.set(service);
    }
  }
  await load.stop();
  if (!(await becomes(service, isReady))) faults.push(`${file}: never ready again`);
  await service.stop();
  const attempts = journal.all();
  const judged = await judge({ dist, file, attempts });
  tally.attempts += attempts.length;
  tally.unknown += judged.unknown;
  tally.lost += judged.lost;
  faults.push(...judged.faults.map((text) => `${file}: ${text}`));
}

/** Waits until a call has failed, or so long that none will. */
async function meet(control: Control): Promise<void> {
  const until = performance.now() + meetMs;
  while (control.hits() === 0 && performance.now() < until) await wait(5);
}

/** What a service does all the while under load, so that most of the troubles are met. */
const worthwhile: Readonly<Record<Call, readonly Target[]>> = {
  write: ["any", "wal", "database", "blobs"],
  sync: ["any", "wal", "database", "blobs"],
  open: ["any", "blobs", "beside"],
  truncate: ["any"],
  read: ["any", "database", "wal"],
  name: ["any", "blobs"],
};

function anyTrouble(random: Random): Trouble {
  const call = random.pick(allCalls);
  return {
    call,
    target: random.pick(worthwhile[call]),
    fault: random.pick(failures),
    after: random.below(10),
    count: random.chance(0.5) ? 1 + random.below(3) : 1_000_000,
  };
}

/** It starts, or says in words why not. */
async function startOrSay(
  start: () => Promise<Service>,
  fault: (text: string) => void,
): Promise<Service | undefined> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof NotStarted)) throw error;
    if (!/\[[A-Z_]+\]|"code":"[A-Z_]+"/.test(error.said) || /^\s+at /m.test(error.said))
      fault(error.message);
    return undefined;
  }
}

/** Whether that comes to be in time. */
async function becomes(
  { url }: Service,
  wanted: (ready: Response) => Promise<boolean>,
): Promise<boolean> {
  const until = performance.now() + recoveryMs;
  while (performance.now() < until) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer !== undefined && (await wanted(answer))) return true;
    await wait(50);
  }
  return false;
}

async function isReady(answer: Response): Promise<boolean> {
  await answer.body?.cancel();
  return answer.status === 200;
}

const NotReady = z.object({
  error: z.object({
    details: z.object({ checks: z.array(z.object({ status: z.string(), says: z.string() })) }),
  }),
});

/** What is told for half a minute, so that somebody sees it, is over already. */
async function isWellAgain(answer: Response): Promise<boolean> {
  if (answer.status === 200) return await isReady(answer);
  const { data } = NotReady.safeParse(await answer.json());
  const failing = data?.error.details.checks.filter(({ status }) => status === "fail");
  return failing?.every(({ says }) => says.includes("less than half a minute ago")) === true;
}
