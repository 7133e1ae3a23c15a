/**
 * A server in one line, for tests and development: in memory, on a free port, with a seed, and back
 * to that seed in milliseconds. What it is made of is in `start.ts`, which is loaded only where it
 * can run.
 */
import { assertRuntime } from "./runtime.js";
import type { StartedServer, StartOptions } from "./start.js";

export type { StartedServer, StartOptions } from "./start.js";

/**
 * Starts a server on a store in memory.
 *
 * @throws the error of the first line of the seed that is refused, with its number; RUNTIME_UNSUPPORTED
 * on a Node before 22.12.
 *
 * @example
 * const server = await startServer({ seed: "seed.ndjson" });
 * try {
 *   await fetch(`${server.url}/v1/buckets/product-videos`, {
 *     headers: { Authorization: `Bearer ${server.token}` },
 *   });
 * } finally {
 *   await server.close();
 * }
 */
export async function startServer(options: StartOptions = {}): Promise<StartedServer> {
  assertRuntime();
  const { start } = await import("./start.js");
  return await start(options);
}
