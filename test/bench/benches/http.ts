/** Patches and reads over HTTP, beside echoes and beside what somebody would write by hand. */
import { type Bench, type Contender, plain, rate, thrift } from "../bench.js";
import { load, seedBuckets } from "../http-load.js";
import { type Server, startBuild, startScript, token } from "../processes.js";
import type { Setup } from "../setup.js";

type Kind = Parameters<typeof load>[1];

function contend(server: Server, kind: Kind, connections: number, setup: Setup): Contender {
  return {
    warm: () => load(server, kind, connections, setup.warmMs),
    run: () => load(server, kind, connections, setup.roundMs),
    close: () => server.stop(),
  };
}

function over(kind: Kind, connections: number): Pick<Bench, "subject" | "floors"> {
  const starting = (start: (setup: Setup) => Promise<Server>) => async (setup: Setup) =>
    contend(await start(setup), kind, connections, setup);
  return {
    subject: async (setup, dist) => {
      const server = await startBuild(dist, setup.path("store.db"));
      await seedBuckets(server);
      return contend(server, kind, connections, setup);
    },
    floors: {
      echo: starting(() => startScript("echo.ts", token)),
      lean: starting(() => startScript("lean-echo.ts")),
      ...(kind === "patches" && {
        bare: starting((setup) => startScript("echo.ts", token, setup.path("bare.db"))),
        hand: starting((setup) => startScript("hand-written.ts", token, setup.path("hand.db"))),
      }),
    },
  };
}

export const patch: Bench = {
  name: "patch",
  title: "Durable PATCH over HTTP, 64 connections",
  ...over("patches", 64),
  lines: [
    { title: "PATCH / Koa echo with zod", ...rate("echo"), target: 0.5, hope: 0.6 },
    { title: "PATCH / Koa echo with zod, by CPU time", ...thrift("echo") },
    { title: "PATCH / bare node:http echo", ...rate("lean") },
    { title: "PATCH / one bare transaction per request", ...rate("bare"), target: 2.9, hope: 4 },
    { title: "PATCH / hand-written Koa app", ...rate("hand"), target: 2.3, hope: 3 },
    {
      title: "p99 / p50",
      unit: "x",
      better: "less",
      value: ({ p99 = 0, p50 = 0 }) => p99 / p50,
      target: 3,
      hope: 2,
    },
    { title: "PATCH", ...plain("perSecond", "per s") },
    { title: "CPU per PATCH", ...plain("cpuMicros", "µs") },
  ],
};

export const patchAlone: Bench = {
  name: "patch-alone",
  title: "Durable PATCH over HTTP, 1 connection",
  ...over("patches", 1),
  lines: [
    {
      title: "PATCH, 1 connection / one bare transaction",
      ...rate("bare"),
      target: 0.6,
      hope: 0.75,
    },
    { title: "PATCH, 1 connection / Koa echo with zod", ...rate("echo") },
    { title: "PATCH, 1 connection", ...plain("perSecond", "per s") },
    { title: "CPU per PATCH, 1 connection", ...plain("cpuMicros", "µs") },
  ],
};

export const get: Bench = {
  name: "get",
  title: "GET of a bucket over HTTP, 64 connections",
  ...over("reads", 64),
  lines: [
    { title: "GET / Koa echo", ...rate("echo"), target: 1, hope: 1.15 },
    { title: "GET / Koa echo, by CPU time", ...thrift("echo") },
    { title: "GET / bare node:http echo", ...rate("lean") },
    { title: "GET", ...plain("perSecond", "per s") },
    { title: "CPU per GET", ...plain("cpuMicros", "µs") },
  ],
};
