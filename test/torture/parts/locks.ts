/** Others hold the file: a program that locks it for writing, and readers that never end. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import Database from "better-sqlite3";
import { Journal } from "../journal.js";
import { judge } from "../judge.js";
import { Load } from "../load.js";
import type { Part, Result, Setting } from "../part.js";
import { Address, Service, token } from "../service.js";

const holdMs = 2_000;
const pingMs = 20;
/** The event loop must not wait for a lock: a ping is answered all the while. */
const pingMsMax = 500;
const walBytesMax = 64 * 2 ** 20;

export const locks: Part = {
  name: "locks",
  title: "Foreign locks and long readers: others wait or are told, and nobody waits for them.",
  unit: "holds",
  full: 20,
  smoke: 2,
  run,
};

async function run({ dist, folder, random, count, say }: Setting): Promise<Result> {
  const file = join(folder, "buckets.db");
  using journal = new Journal(join(folder, "journal"));
  const service = await Service.start({ dist, file });
  const address = new Address();
  address.set(service);
  const load = new Load({ name: "locks", address, journal, random, clients: 4 });
  await load.start();
  const faults: string[] = [];
  let longestPing = 0;
  let longestWal = 0;
  for (let hold = 0; hold < count; hold += 1) {
    const held = hold % 2 === 0 ? lock(file) : read(file);
    const until = performance.now() + holdMs;
    while (performance.now() < until) {
      longestPing = Math.max(longestPing, await ping(service.url));
      longestWal = Math.max(
        longestWal,
        statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0,
      );
      await wait(pingMs);
    }
    held();
    say(`${hold + 1} holds, the longest ping ${Math.round(longestPing)} ms`);
  }
  await load.stop();
  if (longestPing > pingMsMax) faults.push(`a ping waited ${Math.round(longestPing)} ms`);
  if (longestWal > walBytesMax) faults.push(`the WAL grew to ${longestWal} bytes`);
  await service.stop();
  const attempts = journal.all();
  const judged = await judge({ dist, file, attempts });
  return {
    figures: {
      holds: count,
      "longest ping, ms": Math.round(longestPing),
      "longest WAL, KiB": Math.round(longestWal / 1_024),
      ...judged.figures,
    },
    faults: [...faults, ...judged.faults],
  };
}

/** @returns what lets go. */
function lock(file: string): () => void {
  const db = new Database(file, { timeout: 10_000 });
  db.exec("BEGIN IMMEDIATE");
  return () => {
    db.exec("ROLLBACK");
    db.close();
  };
}

function read(file: string): () => void {
  const db = new Database(file, { readonly: true });
  db.exec("BEGIN");
  db.prepare("SELECT count(*) FROM events").get();
  return () => db.close();
}

async function ping(url: string): Promise<number> {
  const began = performance.now();
  const answer = await fetch(`${url}/healthz`, { headers: { Authorization: `Bearer ${token}` } });
  await answer.text();
  return performance.now() - began;
}
