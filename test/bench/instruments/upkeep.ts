/**
 * What upkeep costs: verifying a log in memory and seconds, beside reading and hashing it alone, and what
 * a rebuild does to those who write meanwhile.
 */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import Database from "better-sqlite3";
import { z } from "zod";
import type { Instrument } from "../instrument.js";
import { pinSelf, residentBytes, unpinSelf } from "../machine.js";
import { sizeIn } from "./blocking.js";
import { fill, measured, rounded, timed } from "./writing.js";

type Library = typeof import("../../../src/index.js");

const events = 300_000;
const writers = 8;
const sampleMs = 50;
const mebibyte = 2 ** 20;

export const upkeep: Instrument = {
  name: "upkeep",
  title: "What verifying and rebuilding cost, and those who write meanwhile",
  look: async (setup, dist) => {
    unpinSelf();
    const library: Library = await import(pathToFileURL(resolve(dist, "index.js")).href);
    const file = setup.path("store.db");
    await using store = await library.openBuckets({ file });
    const count = sizeIn(setup)(events);
    await fill(store, count);
    const hashing = await timed(async () => hashAll(file));
    const grown = growth();
    const verifying = await timed(() => store.verify());
    const mebibytes = grown.stop();
    const before = await measured(store, writers, delay(setup.quick ? 1_000 : 10_000));
    const bytes = statSync(file).size;
    const beside = await measured(store, writers, store.rebuild());
    const after = await measured(store, writers, delay(setup.quick ? 1_000 : 10_000));
    pinSelf();
    const usual = Math.max(before.p99, after.p99);
    return {
      columns: ["work", "seconds", "most memory more, MiB", "writes/s", "p99, ms"],
      rows: [
        [`reading and hashing ${count} events`, rounded(hashing), "", "", ""],
        ["verify", rounded(verifying), mebibytes, "", ""],
        [`${writers} writers alone`, "", "", Math.round(before.perSecond), rounded(before.p99)],
        [
          "the same beside a rebuild",
          rounded(beside.seconds),
          "",
          Math.round(beside.perSecond),
          rounded(beside.p99),
        ],
        ["the same afterwards", "", "", Math.round(after.perSecond), rounded(after.p99)],
      ],
      notes: [
        `Hashing alone is ${rounded(hashing / verifying)} of verifying; the p99 beside a rebuild is ${rounded(beside.p99 / usual)} times that without, and the aim is 3; the file has ${rounded(statSync(file).size / bytes)} of its size before.`,
        "The aim of verifying 300,000 events: 150 MiB more than before.",
      ],
    };
  },
};

const EventRow = z.object({ body: z.string().nullable(), meta: z.string().nullable() });

function hashAll(file: string): void {
  const db = new Database(file, { readonly: true });
  for (const row of db.prepare("SELECT body, meta FROM events ORDER BY position").iterate()) {
    const { body, meta } = EventRow.parse(row);
    createHash("sha256")
      .update(body ?? "")
      .update(meta ?? "")
      .digest();
  }
  db.close();
}

/** The most memory that this process has had since. */
function growth() {
  const before = residentBytes(process.pid);
  let most = before;
  const look = () => {
    most = Math.max(most, residentBytes(process.pid));
  };
  const timer = setInterval(look, sampleMs);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return Math.round((most - before) / mebibyte);
    },
  };
}
