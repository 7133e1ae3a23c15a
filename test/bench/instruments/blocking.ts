/** The longest stretch for which one hostile request keeps all others waiting, and its whole cost. */
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Instrument } from "../instrument.js";
import { cpuMs } from "../machine.js";
import { startBuild } from "../processes.js";
import type { Setup } from "../setup.js";
import { ask, askAll, describe, startPings, written } from "./asking.js";
import { blocking as cases, type Hostile } from "./hostile.js";

const timeoutMs = 90_000;
/** Pings before and after the request, so that what it delays is seen. */
const settleMs = 60;

export const blocking: Instrument = {
  name: "blocking",
  title: "How long one hostile request blocks all others",
  look: async (setup, dist) => {
    const rows: (readonly (string | number)[])[] = [];
    for (const hostile of cases) rows.push(await lookAt(hostile, setup, dist));
    const longest = (column: number) => Math.max(...rows.map((row) => Number(row[column])));
    return {
      columns: ["request", "a ping waits, ms", "CPU at a stretch, ms", "CPU in all, ms", "answer"],
      rows,
      notes: [
        `The longest are ${longest(1)} ms and ${longest(2)} ms; the aim is 50 ms at a stretch and 5,000 ms in all.`,
        "A ping also waits for other programs on the machine, and CPU time does not.",
      ],
    };
  },
};

async function lookAt(hostile: Hostile, setup: Setup, dist: string) {
  const of = sizeIn(setup);
  const turns = setup.path("longest-turn");
  writeFileSync(turns, "");
  const looking = new URL(
    `../processes/turns.mjs?to=${encodeURIComponent(turns)}`,
    import.meta.url,
  );
  const flags = ["--import", looking.href];
  const server = await startBuild(dist, setup.path("store.db"), { flags });
  try {
    const bucketId = await askAll(server, hostile.before(of));
    const asked = written(hostile.ask(of, bucketId));
    const pings = startPings(server);
    await delay(settleMs);
    writeFileSync(turns, "");
    const began = cpuMs(server.pid);
    const answer = await ask(server, asked, { timeoutMs });
    const spent = cpuMs(server.pid) - began;
    await delay(settleMs);
    const { longestMs } = await pings.stop();
    const atAStretch = Number(readFileSync(turns, "utf8"));
    const figures = [longestMs, atAStretch, spent].map(Math.round);
    return [hostile.name, ...figures, describe(answer)];
  } finally {
    await server.stop();
  }
}

/** Quick runs take a hundredth, and never nothing. */
export function sizeIn({ quick }: Setup): (full: number) => number {
  return (full) => (quick ? Math.max(4, Math.round(full / 100)) : full);
}
