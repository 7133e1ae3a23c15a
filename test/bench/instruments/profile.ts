/**
 * Where the time of a PATCH goes: a CPU profile of the server at 64 connections, each sample given
 * to the part that the innermost known function belongs to, as µs of CPU for each request.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { figure } from "../bench.js";
import { load, seedBuckets } from "../http-load.js";
import type { Instrument } from "../instrument.js";
import { startBuild } from "../processes.js";
import { partOf } from "./profile-parts.js";

const Frame = z.object({ functionName: z.string(), url: z.string() });
const Profile = z.object({
  nodes: z.array(
    z.object({ id: z.number(), callFrame: Frame, children: z.array(z.number()).optional() }),
  ),
  /** Microseconds of the monotonic clock. */
  startTime: z.number(),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
type Profile = z.infer<typeof Profile>;

const connections = 64;
const intervalMicros = 200;

export const profile: Instrument = {
  name: "profile",
  title: `CPU of one PATCH by its parts, ${connections} connections`,
  look: async (setup, dist) => {
    const [file, folder] = [setup.path("store.db"), resolve(setup.path("profiles"))];
    const seeding = await startBuild(dist, file);
    await seedBuckets(seeding);
    await seeding.stop();
    const interval = `--cpu-prof-interval=${intervalMicros}`;
    const flags = ["--cpu-prof", `--cpu-prof-dir=${folder}`, interval];
    const server = await startBuild(dist, file, { flags });
    await load(server, "patches", connections, 2 * setup.warmMs);
    const began = monotonicMicros();
    const sample = await load(server, "patches", connections, 2 * setup.roundMs);
    const ended = monotonicMicros();
    await server.stop();
    const requests = (figure(sample, "perSecond") * (ended - began)) / 1e6;
    const parts = fold(readProfile(folder), began, ended);
    const total = [...parts.values()].reduce((sum, micros) => sum + micros, 0);
    const rows = [...parts]
      .sort(([, a], [, b]) => b - a)
      .map(([part, micros]) => [
        part,
        Number((micros / requests).toFixed(1)),
        `${((100 * micros) / total).toFixed(1)} %`,
      ]);
    return {
      columns: ["part", "µs", "share"],
      rows: [...rows, ["all", Number((total / requests).toFixed(1)), "100 %"]],
      notes: [`${Math.round(figure(sample, "perSecond"))} requests a second while profiled.`],
    };
  },
};

function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

function readProfile(folder: string): Profile {
  const [name = ""] = readdirSync(folder);
  return Profile.parse(JSON.parse(readFileSync(join(folder, name), "utf8")));
}

/** The microseconds of each part within that time. */
function fold({ nodes, startTime, samples, timeDeltas }: Profile, began: number, ended: number) {
  const parts = partsOfNodes(nodes);
  const micros = new Map<string, number>();
  let now = startTime;
  for (const [at, id] of samples.entries()) {
    const delta = timeDeltas[at] ?? 0;
    now += delta;
    const part = parts.get(id) ?? "unknown";
    if (now < began || now > ended || part === "idle") continue;
    micros.set(part, (micros.get(part) ?? 0) + delta);
  }
  return micros;
}

/** The part of each node: its own, or else that of the nearest caller that has one. */
function partsOfNodes(nodes: Profile["nodes"]): ReadonlyMap<number, string> {
  const parts = new Map<number, string>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const visit = (id: number, inherited: string) => {
    const node = byId.get(id);
    if (node === undefined) return;
    const part = partOf(node.callFrame) ?? inherited;
    parts.set(id, part);
    for (const child of node.children ?? []) visit(child, part);
  };
  const [root] = nodes;
  if (root !== undefined) visit(root.id, "V8 and Node");
  return parts;
}
