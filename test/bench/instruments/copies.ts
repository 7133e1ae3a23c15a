/**
 * What copies cost: writers before, while and after a backup is taken, in one run, where copying and
 * proving are told apart because they ask for different things; and how fast a log is exported and
 * imported beside the rate of writes.
 */
import { createWriteStream, statSync } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { EmbeddedStore } from "../../../src/index.js";
import type { Instrument } from "../instrument.js";
import { pinSelf, unpinSelf } from "../machine.js";
import type { Setup } from "../setup.js";
import { sizeIn } from "./blocking.js";
import { fill, type Measured, measured, rounded, timed } from "./writing.js";

type Library = typeof import("../../../src/index.js");

const events = 200_000;
const crowds = [8, 64];

export const copies: Instrument = {
  name: "copies",
  title: "What a backup costs those who write meanwhile; exports and imports",
  look: async (setup, dist) => {
    unpinSelf();
    const library: Library = await import(pathToFileURL(resolve(dist, "index.js")).href);
    const file = setup.path("store.db");
    const store = await library.openBuckets({ file });
    const rows: (readonly (string | number)[])[] = [];
    try {
      await fill(store, sizeIn(setup)(events));
      for (const writers of crowds) rows.push(...(await besideWriters(store, writers, setup)));
    } finally {
      await store.close();
    }
    const log = await ofLog(library, file, setup);
    pinSelf();
    return {
      columns: ["work", "writes/s", "share", "p50, ms", "p99, ms", "seconds", "events/s"],
      rows: [...rows, ...log],
      notes: [
        "The aim: a share of 0.8 at least, and a p99 below 250 ms; 1,000,000 events imported in 480 s.",
      ],
    };
  },
};

async function besideWriters(store: EmbeddedStore, writers: number, setup: Setup) {
  const alone = () => measured(store, writers, delay(setup.quick ? 1_000 : 15_000));
  const before = await alone();
  const copying = store.backup(setup.path("copied"), { verify: false });
  const copied = await measured(store, writers, copying);
  const between = await alone();
  const proving = store.backup(setup.path("proved"));
  const proved = await measured(store, writers, proving);
  const after = await alone();
  const usual = (before.perSecond + between.perSecond + after.perSecond) / 3;
  const row = (work: string, { perSecond, p50, p99, seconds }: Measured, events: number | "") => [
    `${work}, ${writers} writers`,
    Math.round(perSecond),
    rounded(perSecond / usual),
    rounded(p50),
    rounded(p99),
    rounded(seconds),
    events === "" ? "" : Math.round(events / seconds),
  ];
  return [
    row("writing alone", between, ""),
    row("beside a backup that is not proved", copied, (await copying).position),
    row("beside a backup", proved, (await proving).position),
  ];
}

async function ofLog(library: Library, file: string, setup: Setup) {
  const log = setup.path("log.ndjson");
  const store = await library.openBuckets({ file });
  const exporting = timed(() =>
    pipeline(Readable.from(store.exportLog()), createWriteStream(log)).finally(() => store.close()),
  );
  const exported = await exporting;
  let position = 0;
  const imported = await timed(async () => {
    ({ position } = await library.importLog(log, setup.path("imported.db")));
  });
  const row = (work: string, seconds: number) => [
    `${work} of ${position} events, ${Math.round(statSync(log).size / position)} bytes each`,
    "",
    "",
    "",
    "",
    rounded(seconds),
    Math.round(position / seconds),
  ];
  return [row("the export", exported), row("the import", imported)];
}
