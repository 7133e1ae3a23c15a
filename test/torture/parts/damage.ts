/** Files are damaged, cut short, exchanged or removed: a store says so, or answers as before. */
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Random } from "../../support/random.js";
import { type Answers, type Inspection, Inspectors } from "../inspect.js";
import { Journal } from "../journal.js";
import { Load } from "../load.js";
import type { Part, Result, Setting } from "../part.js";
import { Address, Service } from "../service.js";

const loadMs = 2_000;
const pageBytes = 4_096;
const filesAtOnce = 4;

export const damage: Part = {
  name: "damage",
  title: "Damaged, cut and missing files: no wrong answer without a word.",
  unit: "files",
  full: 1_000,
  smoke: 40,
  run,
};

interface Tally {
  files: number;
  unharmed: number;
  refused: number;
  found: number;
  errors: number;
  wrongButFound: number;
  silent: number;
}

async function run({ dist, folder, random, count, isOver, say }: Setting): Promise<Result> {
  const bases = [
    await makeBase(dist, join(folder, "stopped"), random, "stop"),
    await makeBase(dist, join(folder, "killed"), random, "kill"),
  ];
  await using inspectors = await Inspectors.start(dist);
  const truths: Answers[] = [];
  for (const [index, base] of bases.entries()) {
    const copy = join(folder, `truth-${index}`);
    cpSync(base, copy, { recursive: true });
    const found = await inspectors.look({ file: join(copy, "buckets.db"), asks: true });
    if (found.state !== "good") throw new Error(`the base itself is bad: ${JSON.stringify(found)}`);
    truths.push(found.answers);
  }
  const tally: Tally = {
    files: 0,
    unharmed: 0,
    refused: 0,
    found: 0,
    errors: 0,
    wrongButFound: 0,
    silent: 0,
  };
  const faults: string[] = [];
  while (tally.files < count && !isOver()) {
    const trials = Array.from({ length: Math.min(filesAtOnce, count - tally.files) }, async () => {
      const number = tally.files;
      tally.files += 1;
      const which = random.below(bases.length);
      const copy = join(folder, `file-${number}`);
      cpSync(String(bases[which]), copy, { recursive: true });
      const done = harm(copy, random);
      const found = await inspectors.look({ file: join(copy, "buckets.db"), asks: true });
      judge(found, truths[which] ?? {}, tally, (text) => faults.push(`${done}: ${text}`));
      rmSync(copy, { recursive: true });
    });
    await Promise.all(trials);
    if (tally.files % 100 === 0) say(`${tally.files} files, ${tally.silent} silent`);
  }
  return {
    figures: {
      "damaged files": tally.files,
      "refused to open, in words": tally.refused,
      "opened, and verify told": tally.found,
      "of these with wrong answers before verify": tally.wrongButFound,
      "answered as before, or with an error": tally.unharmed + tally.errors,
      "silent wrong answers": tally.silent,
    },
    faults,
  };
}

/** A folder with a store in it that clients wrote to. */
async function makeBase(
  dist: string,
  folder: string,
  random: Random,
  end: "stop" | "kill",
): Promise<string> {
  mkdirSync(folder);
  const service = await Service.start({ dist, file: join(folder, "buckets.db") });
  const address = new Address();
  address.set(service);
  using journal = new Journal(`${folder}.journal`);
  const load = new Load({ name: end, address, journal, random: random.fork(end), clients: 4 });
  await load.start();
  await wait(loadMs);
  await load.stop();
  await service[end]();
  return folder;
}

function judge(
  found: Inspection,
  truth: Answers,
  tally: Tally,
  fault: (text: string) => void,
): void {
  switch (found.state) {
    case "refused":
      tally.refused += 1;
      break;
    case "damaged":
      tally.found += 1;
      if (wrongAnswers(found.answers, truth).length > 0) tally.wrongButFound += 1;
      break;
    case "good": {
      const wrong = wrongAnswers(found.answers, truth);
      if (wrong.length > 0) {
        tally.silent += 1;
        fault(`verify finds nothing, and these are wrong: ${wrong.slice(0, 5).join(", ")}`);
      } else if (Object.values(found.answers).some((answer) => answer.startsWith("error"))) {
        tally.errors += 1;
      } else {
        tally.unharmed += 1;
      }
      break;
    }
    case "broken":
      fault(found.says);
      break;
    default:
      found satisfies never;
  }
}

/** What was answered, and is not what is true: an error is not a wrong answer. */
function wrongAnswers(answers: Answers, truth: Answers): string[] {
  return Object.entries(truth)
    .filter(([question, right]) => {
      const answer = answers[question];
      return answer !== undefined && answer !== right && !answer.startsWith("error: ");
    })
    .map(([question]) => question);
}

/** @returns what was done, in words. */
function harm(folder: string, random: Random): string {
  const file = join(folder, "buckets.db");
  const blobs = globSync(`${file}.blobs/*/*`);
  const ways: (() => string)[] = [
    () => page(file, random),
    () => page(file, random),
    () => page(file, random),
    () => flip(file, random),
    () => flip(file, random),
    () => cut(file, random),
    () => remove(file),
    () => remove(`${file}.key`),
    () => remove(`${file}.blobs`),
    () => empty(file),
  ];
  const wal = `${file}-wal`;
  if (existsSync(wal) && statSync(wal).size > 0) {
    ways.push(
      () => flip(wal, random),
      () => cut(wal, random),
      () => remove(wal),
    );
  }
  if (blobs.length > 0) {
    const blob = random.pick(blobs);
    ways.push(
      () => flip(blob, random),
      () => cut(blob, random),
      () => remove(blob),
    );
  }
  return random.pick(ways)();
}

function page(file: string, random: Random): string {
  const bytes = readFileSync(file);
  const pages = Math.max(1, Math.floor(bytes.length / pageBytes));
  const at = random.below(pages) * pageBytes;
  const kind = random.pick(["zeros", "noise", "another page"] as const);
  if (kind === "zeros") bytes.fill(0, at, at + pageBytes);
  if (kind === "noise") {
    for (let index = at; index < at + pageBytes; index += 1) bytes[index] = random.below(256);
  }
  if (kind === "another page") {
    const from = random.below(pages) * pageBytes;
    bytes.copy(bytes, at, from, from + pageBytes);
  }
  writeFileSync(file, bytes);
  return `page ${at / pageBytes + 1} of ${nameOf(file)} is ${kind}`;
}

function flip(file: string, random: Random): string {
  const bytes = readFileSync(file);
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  writeFileSync(file, bytes);
  return `a bit of byte ${at} of ${nameOf(file)} is flipped`;
}

function cut(file: string, random: Random): string {
  const size = random.below(statSync(file).size);
  truncateSync(file, size);
  return `${nameOf(file)} is cut to ${size} bytes`;
}

function empty(file: string): string {
  truncateSync(file, 0);
  return `${nameOf(file)} is empty`;
}

function remove(file: string): string {
  rmSync(file, { recursive: true, force: true });
  return `${nameOf(file)} is gone`;
}

function nameOf(file: string): string {
  return file.slice(file.indexOf("buckets.db"));
}
