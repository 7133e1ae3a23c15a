/**
 * What parallel worst reads with a read token do to the memory of the server, and whether it still
 * answers others meanwhile. A server that grows beyond what the machine shall give is killed. It runs
 * without flags of Node: a heap that is set for the process is that of each thread, whatever it asks for.
 */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Instrument } from "../instrument.js";
import { residentBytes } from "../machine.js";
import { type Server, startBuild } from "../processes.js";
import type { Setup } from "../setup.js";
import { type Answer, ask, askAll, describe, startPings } from "./asking.js";
import { sizeIn } from "./blocking.js";
import { type Hostile, worstReads } from "./hostile.js";

const parallel = [1, 4, 16, 64];
const fewParallel = [1, 4];
const residentBytesMax = 3_000_000_000;
const watchEveryMs = 5;
const timeoutMs = 300_000;
const megabyte = 1_000_000;

export const memory: Instrument = {
  name: "memory",
  title: `Up to ${parallel.at(-1)} parallel worst reads with a read token`,
  look: async (setup, dist) => {
    const rows: (readonly (string | number)[])[] = [];
    for (const hostile of worstReads) rows.push(...(await lookAt(hostile, setup, dist)));
    return {
      columns: ["read", "parallel", "most memory, MB", "healthz waits, ms", "answers"],
      rows,
      notes: [
        `A server at ${residentBytesMax / megabyte} MB is killed; the aim is 1,074 MB (1 GiB), no 5xx but a 503 that says when to come again.`,
      ],
    };
  },
};

/** More and more at once, each time with a server that was not asked before, until one is gone. */
async function lookAt(hostile: Hostile, setup: Setup, dist: string) {
  const of = sizeIn(setup);
  const file = setup.path("store.db");
  const filling = await startBuild(dist, file);
  const bucketId = await askAll(filling, hostile.before(of));
  const reader = await createReader(filling);
  await filling.stop();
  const rows: (readonly (string | number)[])[] = [];
  for (const count of setup.quick ? fewParallel : parallel) {
    const server = await startBuild(dist, file);
    const seen = await readAtOnce(server, hostile.ask(of, bucketId), count, reader);
    await server.stop();
    rows.push([hostile.name, count, ...seen.cells]);
    if (seen.isGone) break;
  }
  return rows;
}

const Created = z.object({ token: z.string() });

async function createReader(server: Server): Promise<string> {
  const body = { name: "reader", permission: "read" };
  const { text } = await ask(server, { method: "POST", path: "/v1/admin/tokens", body });
  return Created.parse(JSON.parse(text)).token;
}

async function readAtOnce(
  server: Server,
  asked: Parameters<typeof ask>[1],
  count: number,
  as: string,
) {
  const watch = watchMemory(server);
  const pings = startPings(server);
  await delay(watchEveryMs);
  const asking = Array.from({ length: count }, () => ask(server, asked, { as, timeoutMs }));
  const answers = await Promise.all(asking);
  const isGone = watch.stop();
  const { longestMs } = await pings.stop();
  const cells = [
    Math.round(watch.most() / megabyte),
    Math.round(longestMs),
    isGone ? `${tally(answers)}; the server is gone` : tally(answers),
  ];
  return { isGone, cells };
}

function watchMemory({ pid }: Server) {
  let most = 0;
  let isGone = false;
  const look = () => {
    const now = residentBytes(pid);
    // An ended process that nobody waited for yet has no memory to tell of.
    if (Number.isNaN(now)) isGone = true;
    else most = Math.max(most, now);
    if (now > residentBytesMax) process.kill(pid, "SIGKILL");
  };
  const timer = setInterval(look, watchEveryMs);
  return {
    most: () => most,
    stop: () => {
      look();
      clearInterval(timer);
      return isGone;
    },
  };
}

function tally(answers: readonly Answer[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) {
    const kind = answer.status === 0 ? "without an answer" : describe(answer);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} × ${kind}`).join(", ");
}
