/** What `startServer` puts together: a store in memory with its seed, and the HTTP face on it. */
import { readFile } from "node:fs/promises";
import pino, { type Logger } from "pino";
import type { EmbeddedStore } from "./api/index.js";
import { BucketsError } from "./domain/errors.js";
import { serveStore } from "./http/index.js";
import { type OpenOptions, openStore } from "./open.js";
import { randomPool } from "./service/keys/random.js";
import { newSecret } from "./service/keys/token-secrets.js";
import { ResettableStore } from "./service/resettable.js";
import { linesOf, loadSeed } from "./service/seeds/load-seed.js";
import { SeedPast } from "./service/seeds/seed-past.js";

export interface StartOptions {
  /**
   * What the store begins with: commands, or a file of them, one JSON object per line. Each is
   * `{command, namespace?, actor?, reason?, at?, id?, …}` as in `data/story.ndjson`, or an event of a
   * history, as `bucketlog export` writes one.
   */
  readonly seed?: string | readonly object[];
  /** 16 to 512 visible characters; one is made up unless given. */
  readonly token?: string;
  /** 0, a free one, unless given. */
  readonly port?: number;
  readonly host?: string;
  /** Where clients reach it, as behind a proxy; where it listens unless given. */
  readonly publicUrl?: string;
  /** The proxies whose `X-Forwarded-For` or `Forwarded` tells the client's address. */
  readonly trustedProxies?: readonly string[];
  readonly logger?: Logger;
  /** Refuse unknown and read-only fields, unless a request says `Prefer: handling=lenient`. */
  readonly strict?: boolean;
}

export interface StartedServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** An admin token. */
  readonly token: string;
  /** The secrets of the tokens that the seed makes, by their names. */
  readonly tokens: ReadonlyMap<string, string>;
  /** The store behind it, for looking at it without HTTP. */
  readonly store: EmbeddedStore;
  /** Back to the seed. `POST /v1/admin/reset` does the same. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** @throws what `startServer` does. */
export async function start(options: StartOptions = {}): Promise<StartedServer> {
  const { store, tokens } = await openEphemeral(await readSeed(options.seed), options);
  // None of its own events comes after the seed: positions are those of what is tested.
  const token = options.token ?? newSecret(randomPool());
  store.tokens.accept(token);
  const server = await serveStore({
    store,
    logger: options.logger ?? pino({ level: "silent" }),
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    ...(options.publicUrl !== undefined && { publicUrl: options.publicUrl }),
    ...(options.trustedProxies !== undefined && { trustedProxies: options.trustedProxies }),
    reset: () => store.reset(),
  });
  const close = async () => {
    await server.close();
    await store.close();
  };
  return {
    url: server.url,
    token,
    tokens,
    store,
    reset: () => store.reset(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What `openEphemeral` opens. */
interface Ephemeral {
  readonly store: ResettableStore;
  /** The secrets of the tokens that the seed makes, by their names; they go on over a reset. */
  readonly tokens: ReadonlyMap<string, string>;
}

/**
 * A store that begins with the seed, and can begin with it again.
 * @param begin says how each is opened; in memory unless given.
 */
export async function openEphemeral(
  seed: string,
  { strict = false }: Pick<StartOptions, "strict"> = {},
  begin: () => OpenOptions = () => ({ file: ":memory:" }),
): Promise<Ephemeral> {
  const tokens = new Map<string, string>();
  const store = await ResettableStore.open(async () => {
    const past = new SeedPast();
    const { now: clock, newId } = past;
    const opened = await openStore({ ...begin(), strict, clock, newId });
    const { tokens: made } = await loadSeed(opened, linesOf(seed), { name: "the seed", past });
    // Of the first time: those of a later one are given the secrets of before.
    for (const { name, token } of made) if (!tokens.has(name)) tokens.set(name, token);
    return opened;
  });
  return { store, tokens };
}

/** The text of a seed. @throws BAD_REQUEST when its file cannot be read. */
export async function readSeed(seed: StartOptions["seed"]): Promise<string> {
  if (seed === undefined) return "";
  if (typeof seed !== "string") return seed.map((line) => JSON.stringify(line)).join("\n");
  try {
    return await readFile(seed, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BucketsError(
      "BAD_REQUEST",
      `The seed cannot be read, check its path: ${why}`,
      { seed },
      error,
    );
  }
}
