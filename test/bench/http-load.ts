/** Load over HTTP: connections that ask again as soon as they were answered. */
import autocannon, { type Request } from "autocannon";
import type { Sample } from "./bench.js";
import { cpuMs } from "./machine.js";
import { type Server, token } from "./processes.js";
import { quantile } from "./statistics.js";
import { bucketCount, bucketOf, mediaType, patchOf } from "./workload.js";

const authorization = { authorization: `Bearer ${token}` };
const seedersAtOnce = 64;
let turn = 0;

/** Makes the buckets that the load is about. */
export async function seedBuckets({ url }: Server, count = bucketCount): Promise<void> {
  let next = 0;
  const loop = async () => {
    while (next < count) {
      next += 1;
      const response = await fetch(`${url}/v1/buckets`, {
        method: "POST",
        headers: { ...authorization, "content-type": "application/json" },
        body: JSON.stringify(bucketOf(next - 1)),
      });
      if (!response.ok) throw new Error(`A bucket was refused: ${await response.text()}`);
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: seedersAtOnce }, loop));
}

/** Patches of all buckets in turns; what a connection sends twice to a bucket is never the same. */
function patches(connection: number, connections: number): Request[] {
  const each = Math.max(50, Math.ceil(bucketCount / connections));
  const indexes = Array.from({ length: each }, (_, at) => (connection * each + at) % bucketCount);
  return [...indexes, ...indexes].map((index) => {
    turn = (turn + 1) % 9_000_000;
    return { ...get(index), method: "PATCH", body: JSON.stringify(patchOf(turn)), headers };
  });
}

const headers = { ...authorization, "content-type": mediaType };

function reads(connection: number): Request[] {
  return Array.from({ length: 50 }, (_, at) => get((connection * 50 + at) % bucketCount));
}

function get(index: number): Request {
  const path = `/v1/buckets/${bucketOf(index).bucket_name}`;
  return { method: "GET", path, headers: authorization };
}

const requests = { patches, reads };

/** So many connections for so long. @throws when an answer is not a success. */
export async function load(
  server: Server,
  kind: keyof typeof requests,
  connections: number,
  milliseconds: number,
): Promise<Sample> {
  const latencies: number[] = [];
  let started = 0;
  const [served, asked] = [cpuMs(server.pid), process.cpuUsage()];
  const result = await autocannon({
    url: server.url,
    connections,
    duration: milliseconds / 1_000,
    setupClient: (client) => {
      client.setRequests(requests[kind](started, connections));
      started += 1;
      client.on("response", (_status, _bytes, latency) => latencies.push(latency));
    },
  });
  if (result.errors + result.non2xx > 0) {
    throw new Error(`${result.errors} errors and ${result.non2xx} refusals of ${server.url}`);
  }
  latencies.sort((a, b) => a - b);
  const { user, system } = process.cpuUsage(asked);
  return {
    perSecond: result.requests.total / result.duration,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpuMicros: ((cpuMs(server.pid) - served) * 1_000) / result.requests.total,
    // Close to 1, those who ask are what limits.
    askingBusy: (user + system) / 1e6 / result.duration,
  };
}
