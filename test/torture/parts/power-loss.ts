/**
 * The power goes at any moment. A service is recorded while clients write to it, a rebuild runs, the
 * key is changed and it starts anew; then its files are made as a power cut could have left them.
 */
import { execFile } from "node:child_process";
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { check } from "../checker.js";
import { type Cut, cuts, Disk, writeImage } from "../images.js";
import { Inspectors } from "../inspect.js";
import { type Ended, Journal } from "../journal.js";
import { Load } from "../load.js";
import { preloaded } from "../native/disk.js";
import type { Part, Result, Setting } from "../part.js";
import { type Entry, readRecord } from "../record.js";
import { Address, Service, token } from "../service.js";

type Durability = "full" | "relaxed";

const imagesPerRecord = 300;
const loadMs = 1_500;
const imagesAtOnce = 4;
/** Each of so many is also served by the command line. */
const servedEvery = 50;

function powerLoss(name: string, durability: Durability, full: number, smoke: number): Part {
  return {
    name,
    title:
      durability === "full"
        ? "The power goes, with full durability: nothing that was acknowledged is lost."
        : "The power goes, with relaxed durability: losses are seen, and nothing else is wrong.",
    unit: "images",
    full,
    smoke,
    run: (setting) => run(setting, durability),
  };
}

export const fullPowerLoss = powerLoss("power-loss", "full", 3_000, 30);
export const relaxedPowerLoss = powerLoss("power-loss-relaxed", "relaxed", 300, 20);

interface Tally {
  images: number;
  good: number;
  refused: number;
  lost: number;
  imagesWithLosses: number;
  corrupt: number;
  events: number;
  attempts: number;
}

async function run(setting: Setting, durability: Durability): Promise<Result> {
  if (setting.disk === undefined) {
    return { figures: {}, faults: [], skipped: "there is no C compiler, or this is not Linux" };
  }
  const tally: Tally = {
    images: 0,
    good: 0,
    refused: 0,
    lost: 0,
    imagesWithLosses: 0,
    corrupt: 0,
    events: 0,
    attempts: 0,
  };
  const faults: string[] = [];
  await using inspectors = await Inspectors.start(setting.dist);
  for (let number = 0; tally.images < setting.count && !setting.isOver(); number += 1) {
    const wanted = Math.min(imagesPerRecord, setting.count - tally.images);
    const recording = await record(setting, setting.disk, durability, number);
    tally.events += recording.events;
    tally.attempts += recording.attempts.length;
    await tryImages({ setting, inspectors, recording, wanted, tally, faults, durability });
    rmSync(recording.folder, { recursive: true });
    setting.say(`${tally.images} images, ${tally.lost} lost, ${faults.length} faults`);
  }
  if (durability === "relaxed" && tally.lost === 0) {
    faults.push("relaxed durability has lost nothing: this test cannot see losses");
  }
  return {
    figures: {
      images: tally.images,
      "attempts of clients": tally.attempts,
      "events recorded": tally.events,
      "opened, verified, written to": tally.good,
      "refused, with nothing acknowledged in it": tally.refused,
      "acknowledged writes lost": tally.lost,
      "images with losses": tally.imagesWithLosses,
      corrupt: tally.corrupt,
    },
    faults,
  };
}

interface Recording {
  readonly folder: string;
  readonly root: string;
  readonly rootInode: bigint;
  readonly entries: readonly Entry[];
  readonly attempts: readonly Ended[];
  readonly events: number;
}

async function record(
  { dist, folder, random }: Setting,
  disk: string,
  durability: Durability,
  number: number,
): Promise<Recording> {
  const own = join(folder, `recording-${number}`);
  const root = join(own, "disk");
  mkdirSync(root, { recursive: true });
  const file = join(root, "buckets.db");
  const recorded = join(own, "record");
  const environment = preloaded({ library: disk, root, record: recorded });
  using journal = new Journal(join(own, "journal"));
  const flags = ["--durability", durability];
  for (const phase of ["first", "second"]) {
    const address = new Address();
    const service = await Service.start({ dist, file, flags, environment });
    address.set(service);
    const load = new Load({
      name: `${number}-${phase}`,
      address,
      journal,
      random: random.fork(`${number}-${phase}`),
      clients: 4,
    });
    await load.start();
    await wait(loadMs / 2);
    await rebuild(service.url);
    await wait(loadMs / 2);
    await load.stop();
    await service.stop();
    if (phase === "first") await rotateKey(dist, file, environment);
  }
  const attempts = journal.all();
  return {
    folder: own,
    root,
    rootInode: statSync(root, { bigint: true }).ino,
    entries: readRecord(recorded),
    attempts,
    events: check({ file, attempts }).events,
  };
}

async function rebuild(url: string): Promise<void> {
  const answer = await fetch(`${url}/v1/admin/projections/view/rebuild`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
  });
  if (!answer.ok) throw new Error(`the rebuild was refused: ${await answer.text()}`);
  await answer.text();
}

async function rotateKey(
  dist: string,
  file: string,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const command = [`${dist}/cli/main.js`, "secrets", "rotate-key", "--file", file];
  await promisify(execFile)(process.execPath, command, { env: { ...process.env, ...environment } });
}

interface Trial {
  readonly setting: Setting;
  readonly inspectors: Inspectors;
  readonly recording: Recording;
  readonly wanted: number;
  readonly tally: Tally;
  readonly faults: string[];
  readonly durability: Durability;
}

async function tryImages(trial: Trial): Promise<void> {
  const { setting, recording, wanted, tally } = trial;
  const { random } = setting;
  const { entries } = recording;
  const moments = Array.from({ length: wanted }, () => random.below(entries.length));
  moments.sort((a, b) => a - b);
  const disk = new Disk(recording.root, recording.rootInode);
  let applied = 0;
  let open: Promise<void>[] = [];
  for (const [index, moment] of moments.entries()) {
    if (setting.isOver()) break;
    for (; applied <= moment; applied += 1) {
      const entry = entries[applied];
      if (entry !== undefined) disk.apply(entry);
    }
    const cut = random.pick(cuts);
    const folder = join(setting.folder, `image-${tally.images}`);
    writeImage(folder, disk.image(cut, random));
    tally.images += 1;
    open.push(tryImage(trial, folder, { index, cut, at: entries[moment]?.at ?? 0n }));
    if (open.length === imagesAtOnce) {
      await Promise.all(open);
      open = [];
    }
  }
  await Promise.all(open);
}

interface Image {
  readonly index: number;
  readonly cut: Cut;
  readonly at: bigint;
}

async function tryImage(
  { setting, inspectors, recording, tally, faults, durability }: Trial,
  folder: string,
  { index, cut, at }: Image,
): Promise<void> {
  const file = join(folder, "buckets.db");
  const fault = (text: string) => faults.push(`image ${index} (${cut}): ${text}`);
  const { attempts } = recording;
  const probe = { deed: "create", about: "probe", ended: at, begun: at } as const;
  const acknowledged = attempts.some(
    ({ outcome, ended, events }) => outcome === "acknowledged" && ended < at && events !== 0,
  );
  const found = await inspectors.look({ file, probe: "req_probe" });
  switch (found.state) {
    case "good": {
      tally.good += 1;
      const known: Ended[] = [...attempts, { ...probe, id: "req_probe", outcome: "unknown" }];
      const verdict = check({ file, attempts: known, until: at });
      tally.lost += verdict.lost;
      if (verdict.lost > 0) tally.imagesWithLosses += 1;
      const wrong = durability === "full" ? verdict.faults : verdict.faults.filter(isNoLoss);
      for (const text of wrong) fault(text);
      if (index % servedEvery === 0) await serve(setting.dist, file, fault);
      break;
    }
    case "refused":
      tally.refused += 1;
      // A store that was never there has nothing to lose; relaxed durability may lose all of it.
      if (acknowledged && durability === "full")
        fault(`it does not open: ${found.code} ${found.says}`);
      break;
    case "damaged":
    case "broken":
      tally.corrupt += 1;
      fault(found.says);
      break;
    default:
      found satisfies never;
  }
  rmSync(folder, { recursive: true });
}

function isNoLoss(fault: string): boolean {
  return !fault.endsWith("is not in the log");
}

async function serve(dist: string, file: string, fault: (text: string) => void): Promise<void> {
  try {
    const service = await Service.start({ dist, file });
    const ready = await fetch(`${service.url}/readyz`);
    if (ready.status !== 200) fault(`served, and not ready: ${await ready.text()}`);
    await service.stop();
  } catch (error) {
    fault(String(error));
  }
}
