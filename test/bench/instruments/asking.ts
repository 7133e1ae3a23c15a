/** Asking a server for one thing, and asking beside it whether it still answers others. */
import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type Server, token } from "../processes.js";
import type { Ask } from "./hostile.js";

export interface Answer {
  /** 0 when there was none. */
  readonly status: number;
  readonly bytes: number;
  /** The beginning of the body. */
  readonly text: string;
}

const pingEveryMs = 2;
const textMax = 300;

/** What is asked, with its body as it is sent. */
export interface WrittenAsk extends Pick<Ask, "method" | "path" | "headers"> {
  readonly bytes: Buffer | undefined;
}

/** Writes the body: of a large one that takes long, in which this program measures nothing else. */
export function written({ body, ...asked }: Ask): WrittenAsk {
  return { ...asked, bytes: body === undefined ? undefined : Buffer.from(JSON.stringify(body)) };
}

/** Sends it and reads the answer to its end, keeping only its beginning. Never throws. */
export function ask(
  { url }: Server,
  asked: Ask | WrittenAsk,
  { as = token, timeoutMs = 600_000, agent }: AskOptions = {},
): Promise<Answer> {
  const { method, path, headers, bytes } = "bytes" in asked ? asked : written(asked);
  return new Promise((resolve) => {
    const failed = () => resolve({ status: 0, bytes: 0, text: "no answer" });
    const sent = request(`${url}${path}`, {
      method,
      ...(agent !== undefined && { agent }),
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        authorization: `Bearer ${as}`,
        ...(bytes !== undefined && { "content-type": "application/json" }),
        ...(bytes !== undefined && { "content-length": bytes.length }),
        ...headers,
      },
    });
    sent.on("error", failed);
    sent.on("response", (response) => {
      let [length, text] = [0, ""];
      response.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (text.length < textMax) text += chunk.toString("utf8").slice(0, textMax);
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, bytes: length, text }));
      response.on("error", failed);
    });
    sent.end(bytes);
  });
}

interface AskOptions {
  readonly as?: string;
  readonly timeoutMs?: number;
  readonly agent?: Agent;
}

/**
 * Asks for all of it, one after the other.
 * @returns the id of the bucket that was answered last; empty when there was none.
 * @throws when one is refused.
 */
export async function askAll(server: Server, asks: Iterable<Ask>): Promise<string> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let bucketId = "";
  for (const each of asks) {
    const { status, text } = await ask(server, each, { agent });
    if (status >= 300 || status === 0) throw new Error(`${each.path} was refused: ${text}`);
    bucketId = /"bucket_id":"(\w+)"/.exec(text)?.[1] ?? bucketId;
  }
  agent.destroy();
  return bucketId;
}

export interface Pings {
  /** The longest that an answer took, milliseconds, and how many there were. */
  stop(): Promise<{ readonly longestMs: number; readonly answered: number }>;
}

/** Asks for the health of the server again and again: what it waits is what everybody waits. */
export function startPings(server: Server): Pings {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let isStopped = false;
  let [longestMs, answered] = [0, 0];
  const loop = async () => {
    while (!isStopped) {
      const began = performance.now();
      const { status } = await ask(server, { method: "GET", path: "/healthz" }, { agent });
      longestMs = Math.max(longestMs, performance.now() - began);
      if (status === 200) answered += 1;
      await delay(pingEveryMs);
    }
  };
  const running = loop();
  return {
    stop: async () => {
      isStopped = true;
      await running;
      agent.destroy();
      return { longestMs, answered };
    },
  };
}

/** The status, and the code of the refusal where there is one. */
export function describe({ status, text }: Answer): string {
  const code = /"(?:code|type)":"(\w+)"/.exec(text)?.[1];
  return status >= 400 && code !== undefined ? `${status} ${code}` : String(status);
}
