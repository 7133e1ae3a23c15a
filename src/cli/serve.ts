/** `bucketlog serve`: the API on one file, until it is told to stop. */
import pino, { type Logger } from "pino";
import { BucketsError } from "../domain/errors.js";
import { serveStore } from "../http/index.js";
import { type EmbeddedStore, openBuckets } from "../index.js";
import { openEphemeral, readSeed } from "../server.js";
import { ResettableStore } from "../service/resettable.js";
import { loadSeed, SeedClock } from "../service/seed.js";
import { print, printError } from "./output.js";
import { untilSignal } from "./signals.js";

export interface ServeFlags {
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  readonly auth: boolean;
  readonly allowLoopbackUrls: boolean;
  readonly requireIfMatch: boolean;
  readonly durability: "full" | "relaxed";
  readonly readOnly: boolean;
  readonly ephemeral: boolean;
  readonly seed?: string;
  readonly allowReset: boolean;
  readonly publicUrl?: string;
  readonly basePath: string;
  readonly corsOrigin?: readonly string[];
  readonly rateLimit?: number;
  readonly logLevel: string;
}

/** The store that is asked for, with its seed if it is new. */
async function open(file: string, flags: ServeFlags): Promise<EmbeddedStore> {
  if (flags.allowReset && !flags.ephemeral) {
    throw new BucketsError(
      "BAD_REQUEST",
      "--allow-reset needs --ephemeral: a file never forgets, so it cannot be reset.",
    );
  }
  const seed = await readSeed(flags.seed);
  if (flags.ephemeral) return await openEphemeral(seed);
  const secretKey = process.env["BUCKETLOG_SECRET_KEY"];
  const clock = new SeedClock();
  const store = await openBuckets({
    file,
    actor: "server",
    clock: clock.now,
    readOnly: flags.readOnly,
    durability: flags.durability,
    allowLoopbackUrls: flags.allowLoopbackUrls,
    ...(secretKey !== undefined && { secretKey }),
  });
  // A seed is a beginning: what has begun already keeps its own.
  if ((await store.head()).position === 0) await loadSeed(store, seed, clock);
  return store;
}

const collectEveryMs = 60 * 60 * 1_000;

/** What refused writes left of their blobs is removed while serving, once its grace is over. */
function collectEveryHour(store: EmbeddedStore, logger: Logger): NodeJS.Timeout {
  const collect = () =>
    store.collectBlobs().then(
      (report) => logger.info(report, "blobs collected"),
      (error) => logger.error({ err: error }, "blobs were not collected"),
    );
  return setInterval(collect, collectEveryMs).unref();
}

const loopback = ["127.0.0.1", "::1", "localhost"];

export async function serve(file: string, flags: ServeFlags): Promise<void> {
  if (!flags.auth && !loopback.includes(flags.host)) {
    throw new BucketsError(
      "BAD_REQUEST",
      `--no-auth is for loopback only: ${flags.host} can be reached from elsewhere.`,
    );
  }
  await using store = await open(file, flags);
  if (flags.token !== undefined) store.tokens.accept(flags.token);
  if (flags.auth && store.tokens.count === 0) {
    const { token } = await store.tokens.create({ name: "admin", permission: "admin" });
    printError(`admin token, shown this once: ${token}`);
  }
  const logger = pino(
    { level: flags.logLevel, base: null },
    pino.destination({ fd: 2, sync: true }),
  );
  const server = await serveStore({
    store,
    logger,
    host: flags.host,
    port: flags.port,
    noAuth: !flags.auth,
    requireIfMatch: flags.requireIfMatch,
    ...(flags.allowReset && store instanceof ResettableStore && { reset: () => store.reset() }),
    ...(flags.publicUrl !== undefined && { publicUrl: flags.publicUrl }),
    basePath: flags.basePath,
    ...(flags.corsOrigin !== undefined && { corsOrigins: flags.corsOrigin }),
    ...(flags.rateLimit !== undefined && { rateLimit: flags.rateLimit }),
  });
  print(`bucketlog ready ${server.url}`);
  const collecting = flags.readOnly ? undefined : collectEveryHour(store, logger);
  await untilSignal();
  clearInterval(collecting);
  await server.close();
}
